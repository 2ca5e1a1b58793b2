/// What the core says of one alert.
public enum AlertView: Equatable, Sendable {
    /// Before the blind judgement or its logged skip: there is no gated field in it.
    case blind(OpenAlert, maySkip: Bool)
    /// After it.
    case revealed(OpenAlert, RevealedFacts, FaceCheck, judgedAgain: Judgement?)
    /// The officer is done with it, or it went away by itself.
    case over(OpenAlert, Ending, warningMarkers: [WarningMarker])

    /// What may always be seen.
    public var alert: OpenAlert {
        switch self {
        case .blind(let alert, _), .revealed(let alert, _, _, _), .over(let alert, _, _): alert
        }
    }
}

/// How an alert ended on this phone.
public enum Ending: Equatable, Sendable {
    case decided(DecisionKind)
    case expired
    case withdrawn
    case closed
}
