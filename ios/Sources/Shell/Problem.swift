/// Why the core did not do it: a kind to act on, and the core's own code for the reason.
///
/// Every call of the shell throws this and nothing else; no other error reaches a screen.
public struct Problem: Error, Equatable, Sendable {
    /// What can be acted on.
    public enum Kind: String, CaseIterable, Sendable {
        case notEnrolled
        case signInNeeded
        case notFound
        case notAllowedNow
        case invalid
        case alreadyDecided
        case offline
        case refused
        case integrity
        case storageFull
        case keyUnavailable
        case notPossible
        case `internal`
    }

    /// What can be acted on.
    public let kind: Kind
    /// The core's stable code; it holds no name, place, score, key or path.
    public let reason: String

    public init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}
