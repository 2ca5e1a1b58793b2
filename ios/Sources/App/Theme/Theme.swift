import SwiftUI

/// Colours for a phone in sunlight: dark ink on white, colour only where it means something.
enum Ink {
    static let ink = Color(red: 0.04, green: 0.05, blue: 0.07)
    static let quiet = Color(red: 0.25, green: 0.28, blue: 0.32)
    static let paper = Color(red: 1, green: 1, blue: 1)
    static let wash = Color(red: 0.93, green: 0.94, blue: 0.95)
    static let line = Color(red: 0.66, green: 0.69, blue: 0.73)
    static let red = Color(red: 0.70, green: 0.04, blue: 0.09)
    static let amber = Color(red: 1.00, green: 0.75, blue: 0.16)
    static let green = Color(red: 0.05, green: 0.36, blue: 0.18)
    static let exercise = Color(red: 0.13, green: 0.27, blue: 0.62)
}

/// Sizes for a thumb in a glove.
enum Size {
    static let edge: CGFloat = 12
    static let gap: CGFloat = 8
    static let button: CGFloat = 60
}

/// Text that grows with the phone's own setting.
enum Type {
    static let clock = Font.system(.largeTitle, weight: .heavy)
    static let place = Font.system(.title2, weight: .bold)
    static let title = Font.system(.headline, weight: .bold)
    static let body = Font.system(.body)
    static let label = Font.system(.footnote, weight: .medium)
}

/// A band of colour across the screen.
struct Strip<Content: View>: View {
    let colour: Color
    let content: Content

    init(_ colour: Color, @ViewBuilder content: () -> Content) {
        self.colour = colour
        self.content = content()
    }

    var body: some View {
        content
            .frame(maxWidth: .infinity, alignment: .leading)
            .padding(.horizontal, Size.edge)
            .padding(.vertical, Size.gap)
            .background(colour)
    }
}

/// A button that a gloved thumb finds. All answers to one question look the same: none is suggested.
struct BigButton: View {
    enum Look { case equal, aside }

    let text: String
    var sign: String?
    var look = Look.equal
    var enabled = true
    let press: @MainActor () -> Void

    var body: some View {
        Button(action: press) {
            HStack(spacing: Size.gap) {
                if let sign { Text(verbatim: sign).font(Type.place) }
                Text(verbatim: text).font(Type.title).multilineTextAlignment(.center)
            }
            .foregroundStyle(look == .equal ? Ink.paper : Ink.ink)
            .frame(maxWidth: .infinity, minHeight: Size.button)
            .background(look == .equal ? Ink.ink : Ink.wash)
            .clipShape(RoundedRectangle(cornerRadius: 10))
        }
        .buttonStyle(.plain)
        .disabled(!enabled)
        .opacity(enabled ? 1 : 0.45)
    }
}
