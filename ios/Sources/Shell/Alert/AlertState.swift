/// The alert screen, whole. Only `reduce` makes the next one.
public enum AlertState: Equatable, Sendable {
    /// No alert is open.
    case quiet
    /// The two faces and nothing that could lead the eye.
    case blind(BlindState)
    /// All that the core has released, and what is asked next.
    case revealed(RevealedState)
    /// The officer is done with it, or it went away by itself.
    case over(OpenAlert, Ending, warningMarkers: [WarningMarker])

    /// The alert on the screen, while something can be done about it.
    public var open: OpenAlert? {
        switch self {
        case .blind(let state): state.alert
        case .revealed(let state): state.alert
        case .quiet, .over: nil
        }
    }
}

/// An alert before the blind judgement.
public struct BlindState: Equatable, Sendable {
    public let alert: OpenAlert
    public internal(set) var viewing: Viewing
    /// "Cannot judge now" is allowed.
    public let maySkip: Bool
    /// The officer cannot judge now and is asked why; none of the reasons is chosen beforehand.
    public internal(set) var givingSkipReason: Bool
    /// A command is on its way to the core; until it is recorded nothing else can be pressed.
    public internal(set) var waiting: Bool
    public internal(set) var problem: Problem?

    public init(
        alert: OpenAlert, viewing: Viewing, maySkip: Bool, givingSkipReason: Bool = false, waiting: Bool = false,
        problem: Problem? = nil
    ) {
        self.alert = alert
        self.viewing = viewing
        self.maySkip = maySkip
        self.givingSkipReason = givingSkipReason
        self.waiting = waiting
        self.problem = problem
    }
}

/// An alert after the reveal.
public struct RevealedState: Equatable, Sendable {
    public let alert: OpenAlert
    public internal(set) var viewing: Viewing
    public let facts: RevealedFacts
    public internal(set) var check: FaceCheck
    public internal(set) var step: Step
    /// A command is on its way to the core; until it is recorded nothing else can be pressed.
    public internal(set) var waiting: Bool
    public internal(set) var problem: Problem?

    public init(
        alert: OpenAlert, viewing: Viewing, facts: RevealedFacts, check: FaceCheck, step: Step,
        waiting: Bool = false, problem: Problem? = nil
    ) {
        self.alert = alert
        self.viewing = viewing
        self.facts = facts
        self.check = check
        self.step = step
        self.waiting = waiting
        self.problem = problem
    }
}

/// What a revealed alert asks for.
public enum Step: Equatable, Sendable {
    case judgeAgain
    case decide
    /// Which reasons, for a decision other than engaging; none is ticked beforehand.
    case giveReasons(DecisionKind, Set<NoEngagementReason>)
    /// Why engaging is necessary and proportionate, where the core asks for it.
    case giveNote(String)
}

/// The faces on the screen and the time that has run while they were there.
public struct Viewing: Equatable, Sendable {
    public internal(set) var faces: Faces
    public internal(set) var close = false
    var everClose = false
    public internal(set) var probeShown = 0
    var probeMillis = 0
    var referenceMillis = 0

    public init(faces: Faces = Faces()) {
        self.faces = faces
    }

    /// For the core's record of how the officer looked.
    public var look: Look { Look(probeMillis: probeMillis, referenceMillis: referenceMillis, zoomed: everClose) }

    /// Both faces are here: without both there is nothing to judge.
    public var complete: Bool { !faces.probes.isEmpty && faces.reference != nil }

    func longer(by millis: Int) -> Viewing {
        var next = self
        let more = max(0, millis)
        if !faces.probes.isEmpty { next.probeMillis += more }
        if faces.reference != nil { next.referenceMillis += more }
        return next
    }
}
