internal import PeelCore

extension AlertView {
    /// The core's view in the app's own types.
    init(_ view: PeelCore.AlertView) {
        switch view {
        case .blind(let blind):
            let alert = OpenAlert(blind.header)
            if let ending = Ending(blind.header.phase, decision: nil) {
                self = .over(alert, ending, warningMarkers: [])
            } else {
                self = .blind(alert, maySkip: blind.maySkip)
            }
        case .revealed(let revealed):
            let alert = OpenAlert(revealed.header)
            if let ending = Ending(revealed.header.phase, decision: revealed.decision) {
                self = .over(alert, ending, warningMarkers: revealed.warningMarkers.map(WarningMarker.init))
            } else {
                self = .revealed(
                    alert, RevealedFacts(revealed), FaceCheck(newest: revealed.comparisons),
                    judgedAgain: revealed.revealedJudgement.map(Judgement.init))
            }
        }
    }
}

extension OpenAlert {
    init(_ header: AlertHeader) {
        self.init(
            id: AlertId(header.alertId), cameraName: header.cameraName, direction: header.direction,
            capturedAt: header.capturedAt, ageSeconds: Int(header.ageS), urgent: header.urgent,
            exercise: header.exercise, probeCount: Int(header.probeCount))
    }
}

extension Ending {
    /// Nothing while the officer has still something to do on the alert screen.
    init?(_ phase: AlertPhase, decision: PeelCore.Decision?) {
        switch phase {
        case .received, .displayed, .revealed: return nil
        case .locating, .contact, .concluded, .released, .decided:
            self = .decided(decision.map(DecisionKind.init) ?? .engage)
        case .expired: self = .expired
        case .withdrawn: self = .withdrawn
        // An alert that nothing more is due on closes at once; what the officer decided stays what is said.
        case .closed: self = decision.map { .decided(DecisionKind($0)) } ?? .closed
        }
    }
}

extension RevealedFacts {
    init(_ alert: RevealedAlert) {
        var flags: [SubjectFlag] = []
        if alert.under18 { flags.append(.under18) }
        if alert.vulnerable { flags.append(.vulnerable) }
        if alert.knownTwinOrSibling { flags.append(.knownTwinOrSibling) }
        self.init(
            grade: Grade(alert.grade), categories: alert.categories.map(Category.init), reason: alert.reasonText,
            warningMarkers: alert.warningMarkers.map(WarningMarker.init),
            referenceAgeYears: alert.referenceAgeYears.map(Int.init),
            referenceSource: ReferenceSource(alert.referenceSource),
            entryLastVerifiedAt: alert.entryLastVerifiedAt, entryMayBeOutOfDate: alert.entryMayBeOutOfDate,
            flags: flags, displayName: alert.displayName,
            score: ScorePlace(score: Int(alert.scoreThousandths), threshold: Int(alert.thresholdThousandths)),
            knownErrors: KnownErrors(
                falseAlerts: alert.knownErrorRate.falseAlerts, facesSeen: alert.knownErrorRate.facesSeen,
                alerts: alert.knownErrorRate.alerts),
            operatorJudgement: alert.operatorJudgement.map(Judgement.init), noteNeeded: alert.noteNeeded)
    }
}

extension FaceCheck {
    /// The newest opinion on the alert's own images; a close photograph's belongs to the stop.
    init(newest comparisons: [ComparisonView]) {
        guard let newest = comparisons.last(where: { $0.purpose == .alertProbe }) else {
            self = .notAsked
            return
        }
        self.init(newest)
    }

    init(_ comparison: ComparisonView) {
        guard let band = Shell.Band(comparison.band) else {
            let (side, reason) = Self.parts(of: comparison.reason ?? "")
            self = .notPossible(side: side, reason: reason)
            return
        }
        self = .opinion(
            Opinion(
                band: band,
                rates: comparison.testedRates.map {
                    TestedRate(what: RateCode(code: $0.code) ?? .other, cases: $0.numerator, of: $0.denominator)
                },
                limits: comparison.limits.map { Limit(code: $0) ?? .other }))
    }

    /// A reason is `side.reason` or `reason` alone.
    private static func parts(of code: String) -> (FaceSide?, QualityReason) {
        let parts = code.split(separator: ".").map(String.init)
        let side = parts.lazy.compactMap { FaceSide(code: $0) }.first
        let reason = parts.lazy.compactMap { QualityReason(code: $0) }.first
        return (side, reason ?? .other)
    }
}

extension RawRepresentable<String> where Self: CaseIterable {
    /// The case with this code; codes are the core's, in snake case.
    init?(code: String) {
        guard let found = Self.allCases.first(where: { $0.rawValue.inSnakeCase == code }) else { return nil }
        self = found
    }
}

extension String {
    /// `sameImagesAsTheAlert` becomes `same_images_as_the_alert`; `under18` becomes `under_18`.
    public var inSnakeCase: String {
        var result = ""
        var afterDigit = false
        for character in self {
            if character.isUppercase || (character.isNumber && !afterDigit && !result.isEmpty) { result += "_" }
            result += character.lowercased()
            afterDigit = character.isNumber
        }
        return result
    }
}
