import Foundation
import Observation
import Testing

@testable import Shell

/// One alert, from the LFR system through the real gateway and the real core to a synchronised decision.
@MainActor @Suite(.serialized) struct StoryTests {
    @Test(.timeLimit(.minutes(3))) func oneAlertFromTheGatewayToASynchronisedDecision() async throws {
        guard let exercise = try Exercise() else { return }
        defer { exercise.force.end() }
        let session = try await exercise.phoneOnDuty()
        let core = session.alerts()
        let store = AlertStore(core: core)
        let following = Task { try await store.follow() }
        defer { following.cancel() }

        let raised = AlertId(try exercise.raiseAlert())
        let seen = try await blind(store) { $0.viewing.complete }
        #expect(seen.alert.id == raised)
        #expect(seen.alert.cameraName == "Van, north camera" && seen.alert.exercise)
        #expect(seen.viewing.faces.reference == FaceImage(exercise.reference))

        // Nothing that comes after the judgement can be had before it, and the error says so (S05).
        await refused(.notAllowedNow) { () throws(Problem) in _ = try await core.check(raised) }
        await refused(.notAllowedNow) { () throws(Problem) in
            _ = try await core.decide(raised, .engage, note: nil)
        }

        store.looked(millis: 1_500)
        store.send(.judgePressed(.samePersonLikely))
        let shown = try await revealed(store) { $0.step == .judgeAgain && !$0.waiting }
        #expect(shown.facts.grade == .amber && shown.facts.warningMarkers == [.violent])
        #expect(shown.facts.score == ScorePlace(score: 712, threshold: 640))
        #expect(shown.facts.knownErrors.facesSeen > 0)

        store.send(.checkPressed)
        let checked = try await revealed(store) { $0.check != .running && $0.check != .notAsked }
        #expect(checked.step == .judgeAgain, "an opinion moves nothing (S10)")
        if case .opinion(let opinion) = checked.check {
            #expect(opinion.limits.contains(.cannotSeparateTwinsOrCloseRelatives))
        }
        store.send(.judgePressed(.differentPeopleLikely))
        _ = try await revealed(store) { $0.step == .decide }
        store.send(.decisionPressed(.doNotEngage))
        store.send(.reasonPressed(.differentPerson))
        store.send(.recordPressed)
        try await until(store) { if case .over(_, .decided(.doNotEngage), _) = $0 { true } else { false } }
        await refused(.alreadyDecided) { () throws(Problem) in
            _ = try await core.decide(raised, .engage, note: "changed my mind")
        }

        let outcome = try await session.syncNow(budgetMillis: 30_000)
        #expect(outcome.state == .upToDate)
        #expect(outcome.size > 0 && outcome.cosignedSize == outcome.size)
        for await connection in try session.connection() where connection.cosignedSize == connection.trailSize {
            #expect(connection.alarms == [])
            break
        }
    }

    @Test(.timeLimit(.minutes(3))) func anAlertSkippedWithAReasonIsRevealedWithItsWarnings() async throws {
        guard let exercise = try Exercise() else { return }
        defer { exercise.force.end() }
        let session = try await exercise.phoneOnDuty()
        let store = AlertStore(core: session.alerts())
        let following = Task { try await store.follow() }
        defer { following.cancel() }
        let raised = AlertId(try exercise.raiseAlert())
        _ = try await blind(store) { $0.alert.id == raised }
        store.send(.cannotJudgeNowPressed)
        store.send(.skipReasonPressed(.personIsHere))
        let shown = try await revealed(store) { !$0.waiting }
        #expect(shown.facts.warningMarkers == [.violent] && shown.step == .judgeAgain)
        store.send(.judgePressed(.cannotTell))
        _ = try await revealed(store) { $0.step == .decide && !$0.waiting }
        store.send(.decisionPressed(.observeOnly))
        store.send(.reasonPressed(.cannotTell))
        store.send(.recordPressed)
        try await until(store) { if case .over(_, .decided(.observeOnly), _) = $0 { true } else { false } }
        let outcome = try await session.syncNow(budgetMillis: 30_000)
        #expect(outcome.size > 0 && outcome.cosignedSize == outcome.size)
    }

    @Test(.timeLimit(.minutes(3))) func theStrictestPolicyTakesEachReasonThatTheScreenOffers() async throws {
        guard let exercise = try Exercise() else { return }
        defer { exercise.force.end() }
        let session = try await exercise.phoneOnDuty()
        let core = session.alerts()
        for reason in SkipReason.allCases {
            let raised = AlertId(try exercise.raiseAlert())
            for await open in try core.openAlerts() where open.contains(raised) { break }
            _ = try await core.displayed(raised)
            guard case .revealed = try await core.skip(raised, reason: reason) else {
                Issue.record("it is not revealed: \(reason)")
                continue
            }
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func s18FramesAreLookedAtOnceTheStopRunsAndAPhotographIsComparedOnce() async throws {
        guard let exercise = try Exercise() else { return }
        defer { exercise.force.end() }
        let session = try await exercise.phoneOnDuty()
        let core = session.alerts()
        let camera = session.photographs()
        let raised = AlertId(try exercise.raiseAlert())
        for await open in try core.openAlerts() where open.contains(raised) { break }
        let frame = CameraFrame(
            bytes: Data(repeating: 110, count: 48 * 320), width: 64, height: 48, bytesPerRow: 320, rotationDegrees: 90)
        await refused(.notAllowedNow) { () throws(Problem) in _ = try camera.preview(raised, frame, reason: nil) }
        _ = try await core.displayed(raised)
        _ = try await core.skip(raised, reason: .personIsHere)
        let look = Look(probeMillis: 900, referenceMillis: 900, zoomed: false)
        _ = try await core.judgeAgain(raised, .samePersonLikely, look: look)
        _ = try await core.decide(raised, .engage, note: nil)
        await refused(.notAllowedNow) { () throws(Problem) in _ = try camera.preview(raised, frame, reason: nil) }
        try await session.contactMade(raised)
        #expect(try camera.preview(raised, frame, reason: nil) == Preview(advice: .noFace, face: nil))
        let short = CameraFrame(
            bytes: Data(count: 9), width: 64, height: 48, bytesPerRow: 256, rotationDegrees: 0)
        await refused(.invalid) { () throws(Problem) in _ = try camera.preview(raised, short, reason: nil) }

        let store = PhotographStore(core: camera, id: raised, reason: nil)
        store.looked(try camera.preview(raised, frame, reason: nil))
        #expect(store.state == .aiming(Preview(advice: .noFace, face: nil), nil))
        store.take(exercise.probe)
        await store.compare()
        guard case .compared(.opinion) = store.state else {
            Issue.record("no opinion: \(store.state)")
            return
        }
        await refused(.notFound) { () throws(Problem) in _ = try await camera.compareHeld(raised, reason: nil) }
        store.take(exercise.probe)
        store.leave()
        await refused(.notFound) { () throws(Problem) in _ = try await camera.compareHeld(raised, reason: nil) }
        store.take(exercise.probe)
        #expect(store.state == .left)
    }

    @Test(.timeLimit(.minutes(3))) func aCancelledTaskLosesNothingThatWasAsked() async throws {
        guard let exercise = try Exercise() else { return }
        defer { exercise.force.end() }
        let session = try await exercise.phoneOnDuty()
        let core = session.alerts()
        let raised = AlertId(try exercise.raiseAlert())
        for await open in try core.openAlerts() where open.contains(raised) { break }
        _ = try await core.displayed(raised)
        let judging = Task {
            try await core.judge(
                raised, .cannotTell, look: Look(probeMillis: 900, referenceMillis: 900, zoomed: false))
        }
        judging.cancel()
        _ = try? await judging.value
        guard case .revealed = try core.view(raised) else {
            Issue.record("the judgement is not recorded")
            return
        }
        let outcome = try await session.syncNow(budgetMillis: 30_000)
        #expect(outcome.cosignedSize == outcome.size)
    }

    @Test(.timeLimit(.minutes(1))) func errorsAreTypedAndSayWhatToDo() async throws {
        guard let exercise = try Exercise() else { return }
        defer { exercise.force.end() }
        let session = try exercise.phone("bare")
        await refused(.notEnrolled) { () throws(Problem) in
            try await session.signIn(officerNumber: TestForce.officer, pin: TestForce.pin)
        }
        await refused(because: "enrolment_code.malformed") { () throws(Problem) in
            try await session.enrol(code: "not a code")
        }
        let code = try exercise.force.enrolmentCode()
        try await session.enrol(code: code)
        await refused(.refused) { () throws(Problem) in
            try await session.signIn(officerNumber: TestForce.officer, pin: "000000")
        }
        let second = try exercise.phone("second")
        await refused(.refused) { () throws(Problem) in try await second.enrol(code: code) }
        let core = session.alerts()
        await refused(.notFound) { () throws(Problem) in
            _ = try await core.displayed(AlertId("01890a5d-ac96-774b-bcce-b302099a8057"))
        }
    }

    private func refused(
        _ kind: Problem.Kind? = nil, because reason: String? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws(Problem) -> Void
    ) async {
        do throws(Problem) {
            try await body()
            Issue.record("it was not refused", sourceLocation: sourceLocation)
        } catch {
            if let kind { #expect(error.kind == kind, "\(error.reason)", sourceLocation: sourceLocation) }
            if let reason { #expect(error.reason == reason, sourceLocation: sourceLocation) }
        }
    }

    private func blind(_ store: AlertStore, _ wanted: (BlindState) -> Bool) async throws -> BlindState {
        var found: BlindState?
        try await until(store) {
            if case .blind(let state) = $0, wanted(state) { found = state }
            return found != nil
        }
        return try #require(found)
    }

    private func revealed(_ store: AlertStore, _ wanted: (RevealedState) -> Bool) async throws -> RevealedState {
        var found: RevealedState?
        try await until(store) {
            if case .revealed(let state) = $0, wanted(state) { found = state }
            return found != nil
        }
        return try #require(found)
    }

    /// Waits for the store to change until the condition holds; the test's time limit ends it otherwise.
    private func until(_ store: AlertStore, _ holds: (AlertState) -> Bool) async throws {
        while !holds(store.state) {
            try Task.checkCancellation()
            if let problem = store.state.problem { throw problem }
            await withCheckedContinuation { changed in
                let shown = withObservationTracking {
                    store.state
                } onChange: {
                    // Called before the change; the main actor sees the new state afterwards.
                    Task { @MainActor in changed.resume() }
                }
                _ = shown
            }
        }
    }
}

extension AlertState {
    /// What the screen says went wrong; the story expects nothing to.
    fileprivate var problem: Problem? {
        switch self {
        case .blind(let state): state.problem
        case .revealed(let state): state.problem
        case .quiet, .over: nil
        }
    }
}

/// The force and the two photographs of one exercise.
@MainActor private final class Exercise {
    let force: TestForce
    let probe: Data
    let reference: Data
    private let models: String

    /// Nothing, and said so, where the test was not told where things are.
    init?() throws {
        guard let surroundings = TestForce.Surroundings() else {
            print("not run: PEEL_GATEWAY_BIN and PEEL_ROOT do not name a gateway and the repository")
            return nil
        }
        let faces = surroundings.root.appendingPathComponent("tests/street/faces")
        probe = try Data(contentsOf: faces.appendingPathComponent("avery_2.jpg"))
        reference = try Data(contentsOf: faces.appendingPathComponent("avery_1.jpg"))
        models = surroundings.root.appendingPathComponent("models").path
        force = try TestForce(surroundings)
    }

    func phone(_ name: String) throws -> OfficerSession {
        let device = try Device.software(keysFolder: try force.folder("\(name)-keys"))
        return try OfficerSession(dataFolder: try force.folder(name), modelsFolder: models, device: device)
    }

    /// A phone whose officer has joined the live deployment, online.
    func phoneOnDuty() async throws -> OfficerSession {
        let session = try phone("phone")
        try await session.enrol(code: try force.enrolmentCode())
        try await session.signIn(officerNumber: TestForce.officer, pin: TestForce.pin)
        let deployment = try #require(try await session.deployments().first)
        #expect(deployment.id.text == force.deployment)
        try await session.join(deployment.id, as: .engagementOfficer)
        try await session.acknowledgeBriefing()
        try force.set(state: "live")
        try session.connect()
        for await connection in try session.connection() where connection.state == .online { break }
        return session
    }

    func raiseAlert() throws -> String {
        try force.raiseAlert(probe: probe, reference: reference)
    }
}
