// The domain's words: the generated enumerations and the app's own, one to one. A word that the core gains does not
// compile here until somebody has decided what the app says for it.

internal import PeelCore

extension Grade {
    init(_ grade: PeelCore.Grade) {
        switch grade {
        case .red: self = .red
        case .amber: self = .amber
        case .green: self = .green
        }
    }
}

extension Category {
    init(_ category: PeelCore.Category) {
        switch category {
        case .wantedByCourt: self = .wantedByCourt
        case .wantedByPolice: self = .wantedByPolice
        case .managedOffender: self = .managedOffender
        case .subjectOfOrder: self = .subjectOfOrder
        case .missingOrAtRisk: self = .missingOrAtRisk
        case .riskToOthersIntelligence: self = .riskToOthersIntelligence
        case .testSubject: self = .testSubject
        }
    }
}

extension WarningMarker {
    init(_ marker: PeelCore.WarningMarker) {
        switch marker {
        case .violent: self = .violent
        case .firearms: self = .firearms
        case .weapons: self = .weapons
        case .drugs: self = .drugs
        case .escaper: self = .escaper
        case .ailment: self = .ailment
        case .mentalHealth: self = .mentalHealth
        case .suicidal: self = .suicidal
        case .selfHarm: self = .selfHarm
        case .contagious: self = .contagious
        case .alleges: self = .alleges
        case .conceals: self = .conceals
        case .sexualOffence: self = .sexualOffence
        case .childRisk: self = .childRisk
        case .other: self = .other
        }
    }
}

extension ReferenceSource {
    init(_ source: PeelCore.ReferenceSource) {
        switch source {
        case .custody: self = .custody
        case .other: self = .other
        }
    }
}

extension Judgement {
    init(_ value: JudgementValue) {
        switch value {
        case .samePersonLikely: self = .samePersonLikely
        case .cannotTell: self = .cannotTell
        case .differentPeopleLikely: self = .differentPeopleLikely
        }
    }

    var forCore: JudgementValue {
        switch self {
        case .samePersonLikely: .samePersonLikely
        case .cannotTell: .cannotTell
        case .differentPeopleLikely: .differentPeopleLikely
        }
    }
}

extension SkipReason {
    var forCore: PeelCore.SkipReason {
        switch self {
        case .notSafeToLook: .notSafeToLook
        case .personIsHere: .personIsHere
        case .cannotSeeScreen: .cannotSeeScreen
        }
    }
}

extension Band {
    /// Nothing where the check was not possible: that is no band.
    init?(_ band: PeelCore.Band) {
        switch band {
        case .supports: self = .supports
        case .inconclusive: self = .inconclusive
        case .doesNotSupport: self = .doesNotSupport
        case .notPossible: return nil
        }
    }
}

extension DecisionKind {
    init(_ decision: PeelCore.Decision) {
        switch decision {
        case .engage: self = .engage
        case .doNotEngage: self = .doNotEngage
        case .passTo: self = .passTo
        case .observeOnly: self = .observeOnly
        }
    }
}

extension Decision {
    var forCore: PeelCore.Decision {
        switch self {
        case .engage: return .engage
        case .notEngage(let decision):
            // In the order of the list, so that the same ticks are always the same record.
            let reasons = NoEngagementReason.allCases.filter(decision.reasons.contains).map(\.forCore)
            switch decision.kind {
            case .passTo: return .passTo(reasons)
            case .observeOnly: return .observeOnly(reasons)
            case .doNotEngage, .engage: return .doNotEngage(reasons)
            }
        }
    }
}

extension NoEngagementReason {
    var forCore: PeelCore.NoEngagementReason {
        switch self {
        case .differentPerson: .differentPerson
        case .cannotTell: .cannotTell
        case .imageQuality: .imageQuality
        case .lostInCrowd: .lostInCrowd
        case .subjectLeftArea: .subjectLeftArea
        case .unsafeForPublic: .unsafeForPublic
        case .unsafeForOfficer: .unsafeForOfficer
        case .noOfficerAvailable: .noOfficerAvailable
        case .higherPriority: .higherPriority
        case .alreadyDealtWith: .alreadyDealtWith
        case .entryStaleOrError: .entryStaleOrError
        case .notProportionateHere: .notProportionateHere
        case .childOrVulnerableHandleOtherwise: .childOrVulnerableHandleOtherwise
        case .duplicateAlert: .duplicateAlert
        case .testSubject: .testSubject
        case .supervisorDirection: .supervisorDirection
        }
    }
}

extension Look {
    var forCore: PeelCore.Look {
        PeelCore.Look(
            probeMs: UInt32(clamping: probeMillis), referenceMs: UInt32(clamping: referenceMillis), zoomed: zoomed)
    }
}

extension Role {
    init(_ role: PeelCore.Role) {
        switch role {
        case .operator: self = .operator
        case .engagementOfficer: self = .engagementOfficer
        case .spotter: self = .spotter
        case .supervisor: self = .supervisor
        case .auditor: self = .auditor
        }
    }

    var forCore: PeelCore.Role {
        switch self {
        case .operator: .operator
        case .engagementOfficer: .engagementOfficer
        case .spotter: .spotter
        case .supervisor: .supervisor
        case .auditor: .auditor
        }
    }
}
