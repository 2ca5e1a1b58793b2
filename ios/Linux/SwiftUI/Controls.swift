// Text, pictures, buttons and fields.

import Foundation

public struct Text: Sendable {
    public init(verbatim content: String) {}
    public init<S: StringProtocol>(_ content: S) {}
}

public struct Image: Sendable {
    public init(systemName: String) {}
    public func resizable() -> Image { self }
}

// These three are values first and views second, so they can be made anywhere.
extension Text: Primitive {}
extension Image: Primitive {}
extension Color: Primitive {}

public struct Button<Label: View>: Primitive {
    public init(action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> Label) {}
}

public struct TextField<Label: View>: Primitive {}

extension TextField where Label == Text {
    public init<S: StringProtocol>(_ title: S, text: Binding<String>, axis: Axis) {}
}

public protocol PrimitiveButtonStyle {}
public struct PlainButtonStyle: PrimitiveButtonStyle {}
extension PrimitiveButtonStyle where Self == PlainButtonStyle {
    public static var plain: PlainButtonStyle { PlainButtonStyle() }
}

public protocol ShapeStyle: Sendable {}

public struct Color: ShapeStyle {
    public init(red: Double, green: Double, blue: Double, opacity: Double = 1) {}
    public static let clear = Color(red: 0, green: 0, blue: 0, opacity: 0)
}

public struct Font: Sendable {
    public enum TextStyle: Sendable {
        case largeTitle, title, title2, title3, headline, body, callout, subheadline, footnote, caption
    }
    public enum Design: Sendable { case `default`, rounded }
    public struct Weight: Sendable {
        public static let regular = Weight()
        public static let medium = Weight()
        public static let bold = Weight()
        public static let heavy = Weight()
    }
    public static func system(_ style: TextStyle, design: Design? = nil, weight: Weight? = nil) -> Font { Font() }
}

public enum TextAlignment: Sendable { case leading, center, trailing }

public struct AccessibilityTraits: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let isSelected = AccessibilityTraits(rawValue: 1)
    public static let isHeader = AccessibilityTraits(rawValue: 2)
}

public struct AccessibilityChildBehavior: Sendable {
    public static let combine = AccessibilityChildBehavior()
}
