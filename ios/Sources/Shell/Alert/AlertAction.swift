/// What can happen to the alert screen.
public enum AlertAction: Equatable, Sendable {
    /// The screen was looked at for so much longer.
    case looked(millis: Int)
    /// The core shows this of the alert.
    case shown(AlertView)
    /// The core has recorded what the effect asked for, and shows this now.
    case recorded(AlertEffect, AlertView)
    /// More of the faces has come.
    case facesLoaded(AlertId, Faces)
    case checked(AlertId, FaceCheck)
    /// The core did not do what the effect asked for.
    case failed(AlertEffect, Problem)
    case zoomPressed
    case nextProbePressed
    case judgePressed(Judgement)
    case cannotJudgeNowPressed
    case skipReasonPressed(SkipReason)
    case checkPressed
    case decisionPressed(DecisionKind)
    case reasonPressed(NoEngagementReason)
    case noteChanged(String)
    case recordPressed
    case backPressed
    case dismissPressed
}

/// What the screen asks of the core. It outlives the screen that asked.
public enum AlertEffect: Equatable, Sendable {
    case judge(AlertId, Judgement, Look)
    case skip(AlertId, SkipReason)
    case judgeAgain(AlertId, Judgement, Look)
    case check(AlertId)
    case decide(AlertId, Decision, note: String?)

    /// The alert that it is about.
    public var id: AlertId {
        switch self {
        case .judge(let id, _, _), .skip(let id, _), .judgeAgain(let id, _, _), .check(let id), .decide(let id, _, _):
            id
        }
    }
}

/// The next state, and what to ask of the core for it.
public struct Next: Equatable, Sendable {
    public let state: AlertState
    public let effect: AlertEffect?

    init(_ state: AlertState, _ effect: AlertEffect? = nil) {
        self.state = state
        self.effect = effect
    }
}
