import Observation

/// Holds the alert screen's state, and carries out what `reduce` asks for.
///
/// What records runs in a task of its own: a screen that is left takes nothing with it.
@MainActor @Observable
public final class AlertStore {
    /// What the screen draws.
    public private(set) var state: AlertState = .quiet

    @ObservationIgnored private let core: any AlertCore
    @ObservationIgnored private var underWay: [Int: Task<Void, Never>] = [:]
    @ObservationIgnored private var lastTask = 0

    public init(core: any AlertCore) {
        self.core = core
    }

    /// Follows the core's alerts until the task that called is cancelled.
    public func follow() async throws(Problem) {
        for await alerts in try core.openAlerts() {
            if let shown = state.open {
                refresh(shown.id)
            } else if let newest = alerts.first {
                await display(newest)
            }
        }
    }

    /// The screen has shown the faces for so much longer; the age of the alert is read anew.
    public func looked(millis: Int) {
        send(.looked(millis: millis))
        if let shown = state.open { refresh(shown.id) }
    }

    /// The screen's only way in.
    public func send(_ action: AlertAction) {
        let before = state
        let next = reduce(before, action)
        if next.state != before { state = next.state }
        if let left = before.open, next.state.open?.id != left.id { reportViewed(before) }
        if let effect = next.effect { start { await $0.carryOut(effect) } }
    }

    /// Waits until everything that was asked of the core has been answered.
    public func settle() async {
        while let task = underWay.values.first { await task.value }
    }

    private func start(_ work: @escaping @MainActor (AlertStore) async -> Void) {
        lastTask += 1
        let number = lastTask
        underWay[number] = Task {
            await work(self)
            self.underWay[number] = nil
        }
    }

    private func refresh(_ id: AlertId) {
        // An alert that cannot be read just now stays as it was; the next snapshot tells.
        if let view = try? core.view(id) { send(.shown(view)) }
    }

    private func display(_ id: AlertId) async {
        guard let view = try? await core.displayed(id), state.open == nil else { return }
        send(.shown(view))
        start { await $0.loadFaces(of: view.alert) }
    }

    /// The best probe first, then the reference, then the rest of the burst; each is shown as soon as it is here.
    private func loadFaces(of alert: OpenAlert) async {
        var faces = Faces()
        if let probe = try? await core.probe(alert.id, index: 0) {
            faces.probes = [probe]
            send(.facesLoaded(alert.id, faces))
        }
        faces.reference = try? await core.reference(alert.id)
        send(.facesLoaded(alert.id, faces))
        for index in 1..<max(1, alert.probeCount) {
            guard let probe = try? await core.probe(alert.id, index: index) else { continue }
            faces.probes.append(probe)
            send(.facesLoaded(alert.id, faces))
        }
    }

    /// Every view of a face is in the trail, with how long it lasted (S33).
    private func reportViewed(_ left: AlertState) {
        let viewing: Viewing
        let id: AlertId
        switch left {
        case .blind(let state): (viewing, id) = (state.viewing, state.alert.id)
        case .revealed(let state): (viewing, id) = (state.viewing, state.alert.id)
        case .quiet, .over: return
        }
        let look = viewing.look
        start { store in
            if look.probeMillis > 0 {
                try? await store.core.viewed(id, side: .probe, millis: look.probeMillis, zoomed: look.zoomed)
            }
            if look.referenceMillis > 0 {
                try? await store.core.viewed(id, side: .reference, millis: look.referenceMillis, zoomed: look.zoomed)
            }
        }
    }

    private func carryOut(_ effect: AlertEffect) async {
        do throws(Problem) {
            send(try await answer(to: effect))
        } catch {
            send(.failed(effect, error))
        }
    }

    private func answer(to effect: AlertEffect) async throws(Problem) -> AlertAction {
        switch effect {
        case .judge(let id, let value, let look):
            .recorded(effect, try await core.judge(id, value, look: look))
        case .skip(let id, let reason):
            .recorded(effect, try await core.skip(id, reason: reason))
        case .judgeAgain(let id, let value, let look):
            .recorded(effect, try await core.judgeAgain(id, value, look: look))
        case .decide(let id, let decision, let note):
            .recorded(effect, try await core.decide(id, decision, note: note))
        case .check(let id):
            .checked(id, try await core.check(id))
        }
    }
}
