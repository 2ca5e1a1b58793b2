import Foundation
import Shell
import Testing

@MainActor @Suite struct PhotographStoreTests {
    /// A core that keeps what it was asked, and answers once it is told to.
    private actor Gate {
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var isOpen = false

        func pass() async {
            if isOpen { return }
            await withCheckedContinuation { waiting.append($0) }
        }

        func open() {
            isOpen = true
            for each in waiting { each.resume() }
            waiting = []
        }
    }

    private final class Asked: @unchecked Sendable {
        private let lock = NSLock()
        private var questions: [String] = []

        func add(_ question: String) { lock.withLock { questions.append(question) } }

        var all: [String] { lock.withLock { questions } }
    }

    private struct Fake: PhotographCore {
        let asked = Asked()
        let gate = Gate()

        func preview(_ id: AlertId, _ frame: CameraFrame, reason: String?) throws(Problem) -> Preview? { nil }

        func hold(_ id: AlertId, _ photograph: Data, reason: String?) throws(Problem) {
            asked.add("hold \(photograph.count) \(reason ?? "")")
            if photograph.isEmpty { throw Problem(kind: .invalid, reason: "photograph.size") }
        }

        func compareHeld(_ id: AlertId, reason: String?) async throws(Problem) -> FaceCheck {
            asked.add("compare")
            await gate.pass()
            return PhotographStoreTests.opinion
        }

        func drop() throws(Problem) { asked.add("drop") }
    }

    private nonisolated static let opinion = FaceCheck.opinion(Opinion(band: .inconclusive, rates: [], limits: []))
    private let fake = Fake()
    private var store: PhotographStore { PhotographStore(core: fake, id: AlertId("a"), reason: "because") }

    @Test func theNewestAdviceIsShownAndADroppedFrameChangesNothing() {
        let store = store
        let dark = Preview(advice: .tooDark, face: nil)
        store.looked(dark)
        store.looked(nil)
        #expect(store.state == .aiming(dark, nil))
        let refusal = Problem(kind: .notAllowedNow, reason: "check.off")
        store.failed(refusal)
        #expect(store.state == .aiming(nil, refusal))
        store.take(Data())
        #expect(store.state == .aiming(nil, Problem(kind: .invalid, reason: "photograph.size")))
    }

    @Test func s19LeavingLetsGoOfWhatWasTakenAndNothingBringsItBack() async {
        let store = store
        store.take(Data([1, 2, 3]))
        #expect(store.state == .taken)
        store.leave()
        store.take(Data([4]))
        store.looked(Preview(advice: nil, face: nil))
        store.again()
        await store.compare()
        #expect(store.state == .left)
        #expect(fake.asked.all == ["hold 3 because", "drop"])
    }

    @Test func s19AnOpinionThatComesAfterTheOfficerLeftIsNotShown() async {
        let store = store
        store.take(Data([1]))
        let comparing = Task { await store.compare() }
        while fake.asked.all.last != "compare" { await Task.yield() }
        #expect(store.state == .comparing)
        store.leave()
        await fake.gate.open()
        await comparing.value
        #expect(store.state == .left)
    }

    @Test func aPhotographIsComparedOnceAndNoFrameCountsMeanwhile() async {
        let store = store
        store.take(Data([1]))
        store.looked(Preview(advice: .blurred, face: nil))
        #expect(store.state == .taken)
        await fake.gate.open()
        await store.compare()
        await store.compare()
        #expect(store.state == .compared(Self.opinion))
        #expect(fake.asked.all == ["hold 1 because", "compare"])
    }
}
