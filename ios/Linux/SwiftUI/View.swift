// A stand-in for Apple's SwiftUI on Linux, where the screens are compiled but not drawn: the declarations that they
// use, with the same generic shapes, isolation and argument labels, so that what does not compile here would not
// compile there. What the screens do not use is not here.

@_exported import Foundation

@MainActor @preconcurrency public protocol View {
    associatedtype Body: View
    @ViewBuilder @MainActor @preconcurrency var body: Body { get }
}

extension Never: View {
    public var body: Never { fatalError("nothing is drawn on Linux") }
}

/// A view of SwiftUI itself.
@MainActor @preconcurrency public protocol Primitive: View where Body == Never {}

extension Primitive {
    public var body: Never { fatalError("nothing is drawn on Linux") }
}

public struct EmptyView: Primitive {
    public nonisolated init(_: Void = ()) {}
}

public struct TupleView<T>: Primitive {
    nonisolated init(_: Void = ()) {}
}

public struct ConditionalContent<First: View, Second: View>: Primitive {
    nonisolated init(_: Void = ()) {}
}

/// What every modifier gives back.
public struct Modified: Primitive {}

extension Optional: View where Wrapped: View {
    public var body: Never { fatalError("nothing is drawn on Linux") }
}

@resultBuilder public enum ViewBuilder {
    public static func buildExpression<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock() -> EmptyView { EmptyView() }
    public static func buildBlock<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock<each Content: View>(
        _ content: repeat each Content
    ) -> TupleView<(repeat each Content)> { TupleView() }
    public static func buildIf<Content: View>(_ content: Content?) -> Content? { content }
    public static func buildEither<First: View, Second: View>(first: First) -> ConditionalContent<First, Second> {
        ConditionalContent()
    }
    public static func buildEither<First: View, Second: View>(second: Second) -> ConditionalContent<First, Second> {
        ConditionalContent()
    }
}

@MainActor @preconcurrency public protocol PreviewProvider {
    associatedtype Previews: View
    @ViewBuilder @MainActor @preconcurrency static var previews: Previews { get }
}

@frozen @propertyWrapper public struct Binding<Value> {
    public var wrappedValue: Value {
        get { read() }
        nonmutating set { write(newValue) }
    }
    private let read: () -> Value
    private let write: (Value) -> Void
    public init(
        get: @escaping @isolated(any) @Sendable () -> Value, set: @escaping @isolated(any) @Sendable (Value) -> Void
    ) {
        read = { fatalError("nothing is drawn on Linux") }
        write = { _ in }
    }
}
