package org.peel.shell.alert

/** The next state of the alert screen. Pure: no clock, no core, no thread. What does not apply changes nothing. */
fun reduce(state: AlertState, action: AlertAction): Next = when (action) {
    is AlertAction.Shown -> Next(shown(state, action.view))

    is AlertAction.Recorded -> Next(shown(answered(state, action.effect), action.view))

    is AlertAction.DismissPressed -> Next(if (state is AlertState.Over) AlertState.Quiet else state)

    else -> when (state) {
        is AlertState.Open -> open(state, action)
        is AlertState.Over, AlertState.Quiet -> Next(state)
    }
}

private fun shown(state: AlertState, view: AlertView): AlertState {
    val before = (state as? AlertState.Open)?.takeIf { it.alert.id == view.alert.id }
    val viewing = before?.viewing ?: Viewing(Faces(emptyList(), null))
    return when (view) {
        is AlertView.Blind -> {
            val blind = before as? AlertState.Blind
            AlertState.Blind(
                alert = view.alert,
                viewing = viewing,
                maySkip = view.maySkip,
                givingSkipReason = view.maySkip && blind?.givingSkipReason ?: false,
                waiting = blind?.waiting ?: false,
                problem = blind?.problem
            )
        }

        is AlertView.Over -> AlertState.Over(view.alert, view.ending, view.warningMarkers)

        is AlertView.Revealed -> {
            val revealed = before as? AlertState.Revealed
            AlertState.Revealed(
                alert = view.alert,
                viewing = viewing,
                facts = view.facts,
                check = if (revealed?.check == FaceCheck.Running) FaceCheck.Running else view.check,
                step = view.judgedAgain.step(revealed?.step),
                waiting = revealed?.waiting ?: false,
                problem = revealed?.problem
            )
        }
    }
}

/** The second judgement opens the decision; after that only the officer moves on. */
private fun Judgement?.step(before: Step?): Step = when {
    this == null -> Step.JudgeAgain
    before == null || before == Step.JudgeAgain -> Step.Decide
    else -> before
}

private fun answered(state: AlertState, effect: AlertEffect): AlertState = when {
    state !is AlertState.Open || state.alert.id != effect.id -> state
    state is AlertState.Blind -> state.copy(waiting = false, problem = null)
    state is AlertState.Revealed -> state.copy(waiting = false, problem = null)
    else -> state
}

private fun open(state: AlertState.Open, action: AlertAction): Next = when (action) {
    is AlertAction.Looked -> Next(state.viewed(state.viewing.longer(action.millis)))

    is AlertAction.FacesLoaded ->
        Next(if (action.id == state.alert.id) state.viewed(state.viewing.copy(faces = action.faces)) else state)

    is AlertAction.Failed -> Next(if (action.effect.id == state.alert.id) failed(state, action) else state)

    AlertAction.ZoomPressed -> {
        val close = !state.viewing.close
        Next(state.viewed(state.viewing.copy(close = close, everClose = state.viewing.everClose || close)))
    }

    AlertAction.NextProbePressed -> {
        val count = state.viewing.faces.probes.size.coerceAtLeast(1)
        Next(state.viewed(state.viewing.copy(probeShown = (state.viewing.probeShown + 1) % count)))
    }

    else -> when {
        state.waiting && action !is AlertAction.Checked -> Next(state)
        state is AlertState.Blind -> blind(state, action)
        state is AlertState.Revealed -> revealed(state, action)
        else -> Next(state)
    }
}

private fun blind(state: AlertState.Blind, action: AlertAction): Next = when (action) {
    is AlertAction.JudgePressed ->
        // Without both faces there is nothing to judge.
        if (state.givingSkipReason || state.viewing.faces.probes.isEmpty() || state.viewing.faces.reference == null) {
            Next(state)
        } else {
            state.asking(AlertEffect.Judge(state.alert.id, action.value, state.viewing.look()))
        }

    AlertAction.CannotJudgeNowPressed ->
        Next(if (state.maySkip) state.copy(givingSkipReason = true, problem = null) else state)

    is AlertAction.SkipReasonPressed ->
        if (state.givingSkipReason) state.asking(AlertEffect.Skip(state.alert.id, action.reason)) else Next(state)

    AlertAction.BackPressed ->
        Next(if (state.givingSkipReason) state.copy(givingSkipReason = false, problem = null) else state)

    else -> Next(state)
}

private fun revealed(state: AlertState.Revealed, action: AlertAction): Next = when (action) {
    AlertAction.CheckPressed ->
        if (state.check == FaceCheck.NotAsked || state.check is FaceCheck.NotPossible) {
            Next(state.copy(check = FaceCheck.Running, problem = null), AlertEffect.Check(state.alert.id))
        } else {
            Next(state)
        }

    is AlertAction.Checked ->
        // The opinion is shown, and nothing else changes: no step, no choice (S10).
        Next(if (action.id == state.alert.id) state.copy(check = action.check) else state)

    is AlertAction.JudgePressed ->
        if (state.step == Step.JudgeAgain) {
            state.asking(AlertEffect.JudgeAgain(state.alert.id, action.value, state.viewing.look()))
        } else {
            Next(state)
        }

    else -> deciding(state, action)
}

private fun deciding(state: AlertState.Revealed, action: AlertAction): Next = when (val step = state.step) {
    Step.JudgeAgain -> Next(state)

    Step.Decide -> when (action) {
        is AlertAction.DecisionPressed ->
            when {
                action.kind != DecisionKind.ENGAGE ->
                    Next(state.copy(step = Step.GiveReasons(action.kind, emptySet()), problem = null))

                state.facts.noteNeeded -> Next(state.copy(step = Step.GiveNote(""), problem = null))

                else -> state.asking(AlertEffect.Decide(state.alert.id, Decision.Engage, note = null))
            }

        else -> Next(state)
    }

    is Step.GiveReasons -> when (action) {
        is AlertAction.ReasonPressed -> {
            val reasons = if (action.reason in
                step.reasons
            ) {
                step.reasons - action.reason
            } else {
                step.reasons + action.reason
            }
            Next(state.copy(step = step.copy(reasons = reasons)))
        }

        AlertAction.RecordPressed ->
            if (step.reasons.isEmpty()) {
                Next(state)
            } else {
                val decision = Decision.NotEngage(step.kind, step.reasons)
                state.asking(AlertEffect.Decide(state.alert.id, decision, note = null))
            }

        AlertAction.BackPressed -> Next(state.copy(step = Step.Decide))

        else -> Next(state)
    }

    is Step.GiveNote -> when (action) {
        is AlertAction.NoteChanged -> Next(state.copy(step = Step.GiveNote(action.text)))

        AlertAction.RecordPressed ->
            if (step.text.isBlank()) {
                Next(state)
            } else {
                state.asking(AlertEffect.Decide(state.alert.id, Decision.Engage, step.text.trim()))
            }

        AlertAction.BackPressed -> Next(state.copy(step = Step.Decide))

        else -> Next(state)
    }
}

private fun failed(state: AlertState.Open, action: AlertAction.Failed): AlertState = when (state) {
    is AlertState.Blind -> state.copy(waiting = false, problem = action.problem)

    is AlertState.Revealed -> when {
        action.effect is AlertEffect.Check -> state.copy(check = FaceCheck.NotAsked, problem = action.problem)

        else -> state.copy(waiting = false, problem = action.problem)
    }
}

private fun Viewing.longer(millis: Long): Viewing {
    val more = millis.coerceAtLeast(0)
    return copy(
        probeMillis = probeMillis + if (faces.probes.isEmpty()) 0 else more,
        referenceMillis = referenceMillis + if (faces.reference == null) 0 else more
    )
}

private fun AlertState.Open.viewed(viewing: Viewing): AlertState = when (this) {
    is AlertState.Blind -> copy(viewing = viewing)
    is AlertState.Revealed -> copy(viewing = viewing)
}

private fun AlertState.Open.asking(effect: AlertEffect): Next = when (this) {
    is AlertState.Blind -> Next(copy(waiting = true, problem = null), effect)
    is AlertState.Revealed -> Next(copy(waiting = true, problem = null), effect)
}
