internal import PeelCore

/// Turns a subscription of the core into a stream of its newest states.
///
/// The core calls its listener at once with the present state. A reader that is slow gets the newest state and
/// misses older ones. When the reader stops, or is cancelled, the subscription ends.
func stream<Element: Sendable>(
    subscribe: (AsyncStream<Element>.Continuation) throws -> Subscription
) throws(Problem) -> AsyncStream<Element> {
    let (stream, continuation) = AsyncStream.makeStream(of: Element.self, bufferingPolicy: .bufferingNewest(1))
    let subscription = try calling { try subscribe(continuation) }
    continuation.onTermination = { _ in
        // Cancelling twice is harmless, and there is nobody left to tell.
        try? subscription.cancel()
    }
    return stream
}

/// Hands the core's snapshots of alerts to a stream.
final class AlertRelay: AlertListener, Sendable {
    private let continuation: AsyncStream<[AlertId]>.Continuation

    init(_ continuation: AsyncStream<[AlertId]>.Continuation) {
        self.continuation = continuation
    }

    func onAlerts(snapshot: AlertsSnapshot) {
        continuation.yield(snapshot.alerts.filter(\.phase.needsTheOfficer).map { AlertId($0.alertId) })
    }
}

/// Hands the connection's states to a stream.
final class ConnectionRelay: ConnectionListener, Sendable {
    private let continuation: AsyncStream<Connection>.Continuation

    init(_ continuation: AsyncStream<Connection>.Continuation) {
        self.continuation = continuation
    }

    func onConnection(state: ConnectionView) {
        continuation.yield(Connection(state))
    }
}

extension AlertPhase {
    /// An alert that an officer has still to look at or to decide on.
    fileprivate var needsTheOfficer: Bool {
        switch self {
        case .received, .displayed, .revealed: true
        case .locating, .contact, .concluded, .released, .decided, .expired, .withdrawn, .closed: false
        }
    }
}
