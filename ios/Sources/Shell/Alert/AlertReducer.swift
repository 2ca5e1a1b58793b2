import Foundation

/// The next state of the alert screen. Pure: no clock, no core, no thread. What does not apply changes nothing.
public func reduce(_ state: AlertState, _ action: AlertAction) -> Next {
    switch action {
    case .shown(let view): return Next(shown(state, view))
    case .recorded(let effect, let view): return Next(shown(answered(state, effect), view))
    case .dismissPressed:
        if case .over = state { return Next(.quiet) }
        return Next(state)
    default: break
    }
    switch state {
    case .quiet, .over: return Next(state)
    case .blind(let blind): return reduceBlind(blind, action)
    case .revealed(let revealed): return reduceRevealed(revealed, action)
    }
}

private func shown(_ state: AlertState, _ view: AlertView) -> AlertState {
    let same = state.open?.id == view.alert.id
    switch (view, state) {
    case (.over(let alert, let ending, let markers), _):
        return .over(alert, ending, warningMarkers: markers)
    case (.blind(let alert, let maySkip), .blind(let before)) where same:
        return .blind(
            BlindState(
                alert: alert, viewing: before.viewing, maySkip: maySkip,
                givingSkipReason: maySkip && before.givingSkipReason, waiting: before.waiting,
                problem: before.problem))
    case (.blind(let alert, let maySkip), _):
        return .blind(BlindState(alert: alert, viewing: Viewing(), maySkip: maySkip))
    case (.revealed(let alert, let facts, let check, let again), .revealed(let before)) where same:
        return .revealed(
            RevealedState(
                alert: alert, viewing: before.viewing, facts: facts,
                check: before.check == .running ? .running : check,
                step: step(judgedAgain: again, before: before.step), waiting: before.waiting,
                problem: before.problem))
    case (.revealed(let alert, let facts, let check, let again), _):
        var viewing = Viewing()
        if same, case .blind(let before) = state { viewing = before.viewing }
        return .revealed(
            RevealedState(
                alert: alert, viewing: viewing, facts: facts, check: check,
                step: step(judgedAgain: again, before: nil)))
    }
}

/// The second judgement opens the decision; after that only the officer moves on.
private func step(judgedAgain: Judgement?, before: Step?) -> Step {
    guard judgedAgain != nil else { return .judgeAgain }
    guard let before, before != .judgeAgain else { return .decide }
    return before
}

private func answered(_ state: AlertState, _ effect: AlertEffect) -> AlertState {
    guard state.open?.id == effect.id else { return state }
    switch state {
    case .blind(var blind):
        blind.waiting = false
        blind.problem = nil
        return .blind(blind)
    case .revealed(var revealed):
        revealed.waiting = false
        revealed.problem = nil
        return .revealed(revealed)
    case .quiet, .over: return state
    }
}

private func reduceBlind(_ state: BlindState, _ action: AlertAction) -> Next {
    var next = state
    if let viewing = looking(state.viewing, action, state.alert.id) {
        next.viewing = viewing
        return Next(.blind(next))
    }
    if case .failed(let effect, let problem) = action, effect.id == state.alert.id {
        next.waiting = false
        next.problem = problem
        return Next(.blind(next))
    }
    if state.waiting { return Next(.blind(state)) }
    next.problem = nil
    switch action {
    case .judgePressed(let value) where state.viewing.complete && !state.givingSkipReason:
        next.waiting = true
        return Next(.blind(next), .judge(state.alert.id, value, state.viewing.look))
    case .cannotJudgeNowPressed where state.maySkip:
        next.givingSkipReason = true
        return Next(.blind(next))
    case .skipReasonPressed(let reason) where state.givingSkipReason:
        next.waiting = true
        return Next(.blind(next), .skip(state.alert.id, reason))
    case .backPressed where state.givingSkipReason:
        next.givingSkipReason = false
        return Next(.blind(next))
    default: return Next(.blind(state))
    }
}

private func reduceRevealed(_ state: RevealedState, _ action: AlertAction) -> Next {
    var next = state
    if let viewing = looking(state.viewing, action, state.alert.id) {
        next.viewing = viewing
        return Next(.revealed(next))
    }
    switch action {
    case .failed(.check(let id), let problem) where id == state.alert.id:
        next.check = .notAsked
        next.problem = problem
        return Next(.revealed(next))
    case .failed(let effect, let problem) where effect.id == state.alert.id:
        next.waiting = false
        next.problem = problem
        return Next(.revealed(next))
    case .checked(let id, let check):
        // The opinion is shown, and nothing else changes: no step, no choice (S10).
        if id == state.alert.id { next.check = check }
        return Next(.revealed(next))
    case _ where state.waiting:
        return Next(.revealed(state))
    case .checkPressed where state.check.mayBeAsked:
        next.check = .running
        next.problem = nil
        return Next(.revealed(next), .check(state.alert.id))
    case .judgePressed(let value) where state.step == .judgeAgain:
        return asking(state, .judgeAgain(state.alert.id, value, state.viewing.look))
    default: return deciding(state, action)
    }
}

private func deciding(_ state: RevealedState, _ action: AlertAction) -> Next {
    var next = state
    switch (state.step, action) {
    case (.decide, .decisionPressed(let kind)):
        if kind == .engage && !state.facts.noteNeeded {
            return asking(state, .decide(state.alert.id, .engage, note: nil))
        }
        next.step = kind == .engage ? .giveNote("") : .giveReasons(kind, [])
        next.problem = nil
    case (.giveReasons(let kind, let reasons), .reasonPressed(let reason)):
        next.step = .giveReasons(kind, reasons.symmetricDifference([reason]))
    case (.giveReasons(let kind, let reasons), .recordPressed):
        guard let decision = NotEngaging(kind: kind, reasons: reasons) else { break }
        return asking(state, .decide(state.alert.id, .notEngage(decision), note: nil))
    case (.giveNote, .noteChanged(let text)):
        next.step = .giveNote(text)
    case (.giveNote(let text), .recordPressed):
        let note = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if note.isEmpty { break }
        return asking(state, .decide(state.alert.id, .engage, note: note))
    case (.giveReasons, .backPressed), (.giveNote, .backPressed):
        next.step = .decide
    default: break
    }
    return Next(.revealed(next))
}

private func asking(_ state: RevealedState, _ effect: AlertEffect) -> Next {
    var next = state
    next.waiting = true
    next.problem = nil
    return Next(.revealed(next), effect)
}

/// What looking at the faces changes; nothing for every other action.
private func looking(_ viewing: Viewing, _ action: AlertAction, _ shown: AlertId) -> Viewing? {
    var next = viewing
    switch action {
    case .looked(let millis): return viewing.longer(by: millis)
    case .facesLoaded(let id, let faces):
        if id == shown { next.faces = faces }
    case .zoomPressed:
        next.close.toggle()
        next.everClose = next.everClose || next.close
    case .nextProbePressed:
        next.probeShown = (viewing.probeShown + 1) % max(1, viewing.faces.probes.count)
    default: return nil
    }
    return next
}

extension FaceCheck {
    /// Asked for once, and again only after it was not possible.
    fileprivate var mayBeAsked: Bool {
        switch self {
        case .notAsked, .notPossible: true
        case .running, .opinion: false
        }
    }
}
