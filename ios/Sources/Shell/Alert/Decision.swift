/// What an officer can decide; none is ever chosen beforehand.
public enum DecisionKind: String, CaseIterable, Sendable { case engage, doNotEngage, passTo, observeOnly }

/// A decision in full: only engaging goes without a reason.
public enum Decision: Equatable, Sendable {
    case engage
    case notEngage(NotEngaging)

    /// Which of the four it is.
    public var kind: DecisionKind {
        switch self {
        case .engage: .engage
        case .notEngage(let decision): decision.kind
        }
    }
}

/// A decision other than engaging. There is none without a reason.
public struct NotEngaging: Equatable, Sendable {
    public let kind: DecisionKind
    public let reasons: Set<NoEngagementReason>

    /// Nothing when the kind is to engage, or when there is no reason.
    public init?(kind: DecisionKind, reasons: Set<NoEngagementReason>) {
        guard kind != .engage, !reasons.isEmpty else { return nil }
        self.kind = kind
        self.reasons = reasons
    }
}

/// Why a person is not engaged.
public enum NoEngagementReason: String, CaseIterable, Sendable {
    case differentPerson
    case cannotTell
    case imageQuality
    case lostInCrowd
    case subjectLeftArea
    case unsafeForPublic
    case unsafeForOfficer
    case noOfficerAvailable
    case higherPriority
    case alreadyDealtWith
    case entryStaleOrError
    case notProportionateHere
    case childOrVulnerableHandleOtherwise
    case duplicateAlert
    case testSubject
    case supervisorDirection
}
