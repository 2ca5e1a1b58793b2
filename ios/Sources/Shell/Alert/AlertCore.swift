/// What the alert screen needs of the core, in the app's own types. Nothing but a `Problem` is ever thrown.
public protocol AlertCore: Sendable {
    /// The open alerts, the newest first: the present ones at once, then after every change.
    func openAlerts() throws(Problem) -> AsyncStream<[AlertId]>

    /// The alert as far as this officer may see it now; cheap.
    func view(_ id: AlertId) throws(Problem) -> AlertView

    /// Records that the alert is on the screen.
    func displayed(_ id: AlertId) async throws(Problem) -> AlertView

    func probe(_ id: AlertId, index: Int) async throws(Problem) -> FaceImage

    func reference(_ id: AlertId) async throws(Problem) -> FaceImage

    /// Records for how long a face was looked at.
    func viewed(_ id: AlertId, side: FaceSide, millis: Int, zoomed: Bool) async throws(Problem)

    func judge(_ id: AlertId, _ value: Judgement, look: Look) async throws(Problem) -> AlertView

    func skip(_ id: AlertId, reason: SkipReason) async throws(Problem) -> AlertView

    func judgeAgain(_ id: AlertId, _ value: Judgement, look: Look) async throws(Problem) -> AlertView

    func check(_ id: AlertId) async throws(Problem) -> FaceCheck

    func decide(_ id: AlertId, _ decision: Decision, note: String?) async throws(Problem) -> AlertView
}
