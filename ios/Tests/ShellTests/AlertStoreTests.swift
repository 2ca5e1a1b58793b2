import Testing

@testable import Shell

@MainActor @Suite struct AlertStoreTests {
    private let core = FakeCore()

    /// A store that has followed one raised alert to the screen, faces and all.
    private func storeWithAnAlert() async throws -> AlertStore {
        let store = AlertStore(core: core)
        core.raise([sampleAlert.id])
        core.finish()
        try await store.follow()
        await store.settle()
        return store
    }

    @Test func anAlertIsShownAndThenItsFacesTheBestProbeFirst() async throws {
        let store = try await storeWithAnAlert()
        #expect(core.calls == ["displayed", "probe 0", "reference", "probe 1"])
        guard case .blind(let state) = store.state else { return notBlind() }
        #expect(state.viewing.complete && state.viewing.faces.probes.count == 2)
    }

    @Test func aJudgementIsRecordedAndTheRevealIsShown() async throws {
        let store = try await storeWithAnAlert()
        core.shows(.revealed(sampleAlert, sampleFacts(), .notAsked, judgedAgain: nil))
        store.send(.judgePressed(.samePersonLikely))
        await store.settle()
        #expect(core.calls.last == "judge samePersonLikely")
        guard case .revealed(let state) = store.state else { return notBlind() }
        #expect(state.step == .judgeAgain)
    }

    @Test func aSkipGoesToTheCoreWithItsReasonAndReveals() async throws {
        let store = try await storeWithAnAlert()
        core.shows(.revealed(sampleAlert, sampleFacts(), .notAsked, judgedAgain: nil))
        store.send(.cannotJudgeNowPressed)
        store.send(.skipReasonPressed(.personIsHere))
        await store.settle()
        #expect(core.calls.last == "skip personIsHere")
        guard case .revealed(let state) = store.state else { return notBlind() }
        #expect(state.step == .judgeAgain && state.facts.warningMarkers == [.violent])
    }

    @Test func aRefusalIsAProblemOnTheScreenAndTheAlertStays() async throws {
        let store = try await storeWithAnAlert()
        let problem = Problem(kind: .storageFull, reason: "storage.full")
        core.refuses(with: problem)
        store.send(.judgePressed(.cannotTell))
        await store.settle()
        guard case .blind(let state) = store.state else { return notBlind() }
        #expect(state.problem == problem && !state.waiting)
    }

    @Test func s33LeavingAnAlertReportsHowLongItsFacesWereSeen() async throws {
        let store = try await storeWithAnAlert()
        store.looked(millis: 700)
        core.shows(.over(sampleAlert, .expired, warningMarkers: []))
        store.looked(millis: 300)
        await store.settle()
        #expect(core.calls.suffix(2) == ["viewed probe 1000", "viewed reference 1000"])
        #expect(store.state == .over(sampleAlert, .expired, warningMarkers: []))
    }

    @Test func anotherAlertDoesNotTakeTheScreenFromTheOneThatIsOpen() async throws {
        let store = AlertStore(core: core)
        core.raise([sampleAlert.id])
        core.raise([otherAlert.id, sampleAlert.id])
        core.finish()
        try await store.follow()
        await store.settle()
        #expect(store.state.open?.id == sampleAlert.id)
        #expect(core.calls.filter { $0 == "displayed" }.count == 1)
    }

    private func notBlind(sourceLocation: SourceLocation = #_sourceLocation) {
        Issue.record("the state is of another kind", sourceLocation: sourceLocation)
    }
}
