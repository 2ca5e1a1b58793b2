/// The secondary face check of one alert: nothing until the officer asks for it.
public enum FaceCheck: Equatable, Sendable {
    case notAsked
    case running
    /// An opinion in one of three bands, with how often such opinions were wrong in tests.
    case opinion(Opinion)
    /// No opinion, and why.
    case notPossible(side: FaceSide?, reason: QualityReason)
}

/// An opinion of the check, with what it is worth.
public struct Opinion: Equatable, Sendable {
    public let band: Band
    public let rates: [TestedRate]
    public let limits: [Limit]

    public init(band: Band, rates: [TestedRate], limits: [Limit]) {
        self.band = band
        self.rates = rates
        self.limits = limits
    }
}

/// The three bands.
public enum Band: String, CaseIterable, Sendable { case doesNotSupport, inconclusive, supports }

/// So many of so many, when the check was tested.
public struct TestedRate: Equatable, Sendable {
    public let what: RateCode
    public let cases: UInt64
    public let of: UInt64

    public init(what: RateCode, cases: UInt64, of: UInt64) {
        self.what = what
        self.cases = cases
        self.of = of
    }
}

/// What a tested rate counts. `other` is what a newer core says and this app does not know yet.
public enum RateCode: String, CaseIterable, Sendable {
    case falseAlertsGivenSupports
    case trueAlertsOfSmallPoorProbesScoringLow
    case other
}

/// Why the check gives no opinion, in terms that an officer can act on.
public enum QualityReason: String, CaseIterable, Sendable {
    case noFace, severalFaces, tooSmall, tooDark, tooBright, turnedAway, blurred, notClear, other
}

/// What the check can never do, or cannot do yet; said with every opinion.
public enum Limit: String, CaseIterable, Sendable {
    case cannotSeparateTwinsOrCloseRelatives
    case sameImagesAsTheAlert
    case calibrationNotFitted
    case other
}
