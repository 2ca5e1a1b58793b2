internal import PeelCore

extension Problem {
    /// The app's word for whatever the generated code throws.
    init(_ error: any Error) {
        guard let error = error as? CoreError else {
            self.init(kind: .internal, reason: "unexpected")
            return
        }
        switch error {
        case .NotEnrolled(let reason): self.init(kind: .notEnrolled, reason: reason)
        case .SignInNeeded(let reason): self.init(kind: .signInNeeded, reason: reason)
        case .NotFound(let reason): self.init(kind: .notFound, reason: reason)
        case .NotAllowedNow(let reason): self.init(kind: .notAllowedNow, reason: reason)
        case .Invalid(let reason): self.init(kind: .invalid, reason: reason)
        case .AlreadyDecided(let reason): self.init(kind: .alreadyDecided, reason: reason)
        case .Offline(let reason): self.init(kind: .offline, reason: reason)
        case .Refused(let reason): self.init(kind: .refused, reason: reason)
        case .Integrity(let reason): self.init(kind: .integrity, reason: reason)
        case .StorageFull(let reason): self.init(kind: .storageFull, reason: reason)
        case .KeyUnavailable(let reason): self.init(kind: .keyUnavailable, reason: reason)
        case .NotPossible(let reason): self.init(kind: .notPossible, reason: reason)
        case .Internal(let reason): self.init(kind: .internal, reason: reason)
        }
    }
}

/// Calls the core; whatever it throws becomes a `Problem`.
func calling<Value>(_ body: () throws -> Value) throws(Problem) -> Value {
    do {
        return try body()
    } catch {
        throw Problem(error)
    }
}

/// Calls the core and waits; whatever it throws becomes a `Problem`.
func calling<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws(Problem) -> Value {
    do {
        return try await body()
    } catch {
        throw Problem(error)
    }
}
