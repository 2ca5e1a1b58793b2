import Foundation

@testable import Shell

/// A core that answers at once and keeps what it was asked.
final class FakeCore: AlertCore, @unchecked Sendable {
    // Locked: the store asks from its tasks, the test reads from its own.
    private let lock = NSLock()
    private var asked: [String] = []
    private var current = AlertView.blind(sampleAlert, maySkip: true)
    private var refusal: Problem?
    private let continuation: AsyncStream<[AlertId]>.Continuation
    private let alerts: AsyncStream<[AlertId]>

    init() {
        (alerts, continuation) = AsyncStream.makeStream(of: [AlertId].self)
    }

    var calls: [String] { lock.withLock { asked } }

    func raise(_ ids: [AlertId]) { continuation.yield(ids) }
    func finish() { continuation.finish() }
    func shows(_ view: AlertView) { lock.withLock { current = view } }
    func refuses(with problem: Problem?) { lock.withLock { refusal = problem } }

    private func answer(_ call: String) throws(Problem) -> AlertView {
        let (view, refusal) = lock.withLock {
            asked.append(call)
            return (current, self.refusal)
        }
        if let refusal { throw refusal }
        return view
    }

    func openAlerts() throws(Problem) -> AsyncStream<[AlertId]> { alerts }

    func view(_ id: AlertId) throws(Problem) -> AlertView { try answer("view") }

    func displayed(_ id: AlertId) async throws(Problem) -> AlertView { try answer("displayed") }

    func probe(_ id: AlertId, index: Int) async throws(Problem) -> FaceImage {
        _ = try answer("probe \(index)")
        return FaceImage(Data([UInt8(index)]))
    }

    func reference(_ id: AlertId) async throws(Problem) -> FaceImage {
        _ = try answer("reference")
        return FaceImage(Data([255]))
    }

    func viewed(_ id: AlertId, side: FaceSide, millis: Int, zoomed: Bool) async throws(Problem) {
        _ = try answer("viewed \(side.rawValue) \(millis)")
    }

    func judge(_ id: AlertId, _ value: Judgement, look: Look) async throws(Problem) -> AlertView {
        try answer("judge \(value.rawValue)")
    }

    func skip(_ id: AlertId, reason: SkipReason) async throws(Problem) -> AlertView {
        try answer("skip \(reason.rawValue)")
    }

    func judgeAgain(_ id: AlertId, _ value: Judgement, look: Look) async throws(Problem) -> AlertView {
        try answer("judgeAgain \(value.rawValue)")
    }

    func check(_ id: AlertId) async throws(Problem) -> FaceCheck {
        _ = try answer("check")
        return .opinion(Opinion(band: .inconclusive, rates: [], limits: []))
    }

    func decide(_ id: AlertId, _ decision: Decision, note: String?) async throws(Problem) -> AlertView {
        try answer("decide \(decision.kind.rawValue)")
    }
}
