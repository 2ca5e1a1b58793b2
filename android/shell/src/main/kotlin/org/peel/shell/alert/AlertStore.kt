package org.peel.shell.alert

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.peel.shell.CoreResult

/** How often the age of an alert on the screen is read anew. */
private const val REFRESH_MILLIS = 500L

/**
 * Holds the alert screen's state, and carries out what [reduce] asks for.
 *
 * Everything that records runs in [scope], which lives as long as the app: a screen that is turned, left or destroyed
 * takes nothing with it. All of it must run on one thread, as Android's main dispatcher does.
 */
class AlertStore(private val core: AlertCore, private val scope: CoroutineScope) {
    private val current = MutableStateFlow<AlertState>(AlertState.Quiet)
    private var reported = Look(0, 0, zoomed = false)
    private var open = emptyList<AlertId>()
    private var coming: AlertId? = null

    /** What the screen draws. */
    val state: StateFlow<AlertState> = current.asStateFlow()

    /** Follows the core's alerts; ends only with the scope. */
    fun start() {
        scope.launch {
            core.openAlerts.collect { ids ->
                open = ids
                shownId()?.let(::refresh)
                displayNext()
            }
        }
    }

    /** While a screen shows the alert: its age runs, and so does the time that the faces are looked at. */
    suspend fun watch() {
        try {
            while (true) {
                delay(REFRESH_MILLIS)
                dispatch(AlertAction.Looked(REFRESH_MILLIS))
                shownId()?.let(::refresh)
            }
        } finally {
            (current.value as? AlertState.Open)?.let(::reportViewed)
        }
    }

    /** The screen's only way in. */
    fun dispatch(action: AlertAction) {
        val before = current.value
        val next = reduce(before, action)
        current.value = next.state
        if (before is AlertState.Open && (next.state as? AlertState.Open)?.alert?.id != before.alert.id) {
            reportViewed(before)
            reported = Look(0, 0, zoomed = false)
        }
        if (action == AlertAction.DismissPressed) displayNext()
        next.effect?.let { effect -> scope.launch { carryOut(effect) } }
    }

    private fun shownId(): AlertId? = (current.value as? AlertState.Open)?.alert?.id

    private fun refresh(id: AlertId) {
        val view = core.view(id)
        if (view is CoreResult.Done) dispatch(AlertAction.Shown(view.value))
    }

    /** One alert at a time; and what was just decided to engage is not pushed off the screen by another. */
    private fun displayNext() {
        val state = current.value
        val engaged = state is AlertState.Over && state.ending == Ending.Decided(DecisionKind.ENGAGE)
        val id = open.firstOrNull()
        if (id == null || state is AlertState.Open || engaged || coming != null) return
        coming = id
        scope.launch {
            val view = core.displayed(id)
            coming = null
            if (view !is CoreResult.Done) return@launch
            dispatch(AlertAction.Shown(view.value))
            loadFaces(view.value.alert)
        }
    }

    /** The best probe first, then the reference, then the rest of the burst; each is shown as soon as it is here. */
    private suspend fun loadFaces(alert: OpenAlert) {
        var faces = Faces(emptyList(), null)
        fun show(more: Faces) {
            faces = more
            dispatch(AlertAction.FacesLoaded(alert.id, faces))
        }
        for (index in 0 until alert.probeCount) {
            val probe = core.probe(alert.id, index)
            if (probe is CoreResult.Done) show(faces.copy(probes = faces.probes + probe.value))
            if (index > 0) continue
            val reference = core.reference(alert.id)
            if (reference is CoreResult.Done) show(faces.copy(reference = reference.value))
        }
    }

    private fun reportViewed(state: AlertState.Open) {
        val look = state.viewing.look()
        val before = reported
        reported = look
        scope.launch {
            val probe = look.probeMillis - before.probeMillis
            val reference = look.referenceMillis - before.referenceMillis
            if (probe > 0) core.viewed(state.alert.id, FaceSide.PROBE, probe, look.zoomed)
            if (reference > 0) core.viewed(state.alert.id, FaceSide.REFERENCE, reference, look.zoomed)
        }
    }

    private suspend fun carryOut(effect: AlertEffect) {
        val id = effect.id
        val result = when (effect) {
            is AlertEffect.Judge -> core.judge(id, effect.value, effect.look)
            is AlertEffect.Skip -> core.skip(id, effect.reason)
            is AlertEffect.JudgeAgain -> core.judgeAgain(id, effect.value, effect.look)
            is AlertEffect.Decide -> core.decide(id, effect.decision, effect.note)
            is AlertEffect.Check -> return checked(effect)
        }
        when (result) {
            is CoreResult.Done -> dispatch(AlertAction.Recorded(effect, result.value))
            is CoreResult.Failed -> dispatch(AlertAction.Failed(effect, result.problem))
        }
    }

    private suspend fun checked(effect: AlertEffect.Check) = when (val result = core.check(effect.id)) {
        is CoreResult.Done -> dispatch(AlertAction.Checked(effect.id, result.value))
        is CoreResult.Failed -> dispatch(AlertAction.Failed(effect, result.problem))
    }
}
