// The modifiers that the screens use.

import Foundation

extension View {
    public func font(_ font: Font?) -> some View { Modified() }
    public func foregroundStyle<S: ShapeStyle>(_ style: S) -> some View { Modified() }
    public func multilineTextAlignment(_ alignment: TextAlignment) -> some View { Modified() }
    public func lineLimit(_ number: Int?) -> some View { Modified() }
    public func padding(_ edges: Edge.Set = .all, _ length: CGFloat? = nil) -> some View { Modified() }
    public func padding(_ length: CGFloat) -> some View { Modified() }
    public func frame(width: CGFloat? = nil, height: CGFloat? = nil, alignment: Alignment = .center) -> some View {
        Modified()
    }
    public func frame(
        minWidth: CGFloat? = nil, idealWidth: CGFloat? = nil, maxWidth: CGFloat? = nil, minHeight: CGFloat? = nil,
        idealHeight: CGFloat? = nil, maxHeight: CGFloat? = nil, alignment: Alignment = .center
    ) -> some View { Modified() }
    public func background<S: ShapeStyle>(_ style: S, ignoresSafeAreaEdges edges: Edge.Set = .all) -> some View {
        Modified()
    }
    public func overlay<V: View>(alignment: Alignment = .center, @ViewBuilder content: () -> V) -> some View {
        Modified()
    }
    public func border<S: ShapeStyle>(_ content: S, width: CGFloat = 1) -> some View { Modified() }
    public func clipShape<S: Shape>(_ shape: S) -> some View { Modified() }
    public func offset(x: CGFloat = 0, y: CGFloat = 0) -> some View { Modified() }
    public func scaleEffect(_ scale: CGFloat, anchor: UnitPoint = .center) -> some View { Modified() }
    public func scaledToFill() -> some View { Modified() }
    public func disabled(_ disabled: Bool) -> some View { Modified() }
    public func opacity(_ opacity: Double) -> some View { Modified() }
    public func buttonStyle<S: PrimitiveButtonStyle>(_ style: S) -> some View { Modified() }
    public func onTapGesture(count: Int = 1, perform action: @escaping () -> Void) -> some View { Modified() }
    public func accessibilityLabel<S: StringProtocol>(_ label: S) -> some View { Modified() }
    public func accessibilityAddTraits(_ traits: AccessibilityTraits) -> some View { Modified() }
    public func accessibilityElement(children: AccessibilityChildBehavior) -> some View { Modified() }
    public func privacySensitive(_ sensitive: Bool = true) -> some View { Modified() }
    public func task(
        priority: TaskPriority = .userInitiated,
        @_inheritActorContext _ action: @escaping @Sendable () async -> Void
    ) -> some View { Modified() }
}
