package org.peel.shell.alert

import org.peel.shell.Problem

/** What can happen to the alert screen. */
sealed interface AlertAction {
    /** The screen was looked at for so much longer. */
    data class Looked(val millis: Long) : AlertAction

    /** The core shows this of the alert. */
    data class Shown(val view: AlertView) : AlertAction

    /** The core has recorded what [effect] asked for, and shows this now. */
    data class Recorded(val effect: AlertEffect, val view: AlertView) : AlertAction

    /** More of the faces has come. */
    data class FacesLoaded(val id: AlertId, val faces: Faces) : AlertAction

    data class Checked(val id: AlertId, val check: FaceCheck) : AlertAction

    /** The core did not do [effect]. */
    data class Failed(val effect: AlertEffect, val problem: Problem) : AlertAction

    data object ZoomPressed : AlertAction

    data object NextProbePressed : AlertAction

    data class JudgePressed(val value: Judgement) : AlertAction

    data object CannotJudgeNowPressed : AlertAction

    data class SkipReasonPressed(val reason: SkipReason) : AlertAction

    data object CheckPressed : AlertAction

    data class DecisionPressed(val kind: DecisionKind) : AlertAction

    data class ReasonPressed(val reason: NoEngagementReason) : AlertAction

    data class NoteChanged(val text: String) : AlertAction

    data object RecordPressed : AlertAction

    data object BackPressed : AlertAction

    data object DismissPressed : AlertAction
}

/** What the core says of one alert. */
sealed interface AlertView {
    val alert: OpenAlert

    data class Blind(override val alert: OpenAlert, val maySkip: Boolean) : AlertView

    data class Revealed(
        override val alert: OpenAlert,
        val facts: RevealedFacts,
        val check: FaceCheck,
        val judgedAgain: Judgement?
    ) : AlertView

    data class Over(override val alert: OpenAlert, val ending: Ending, val warningMarkers: List<WarningMarker>) :
        AlertView
}

/** What the screen asks of the core. Writes run in the app's scope, never in a screen's. */
sealed interface AlertEffect {
    val id: AlertId

    data class Judge(override val id: AlertId, val value: Judgement, val look: Look) : AlertEffect

    data class Skip(override val id: AlertId, val reason: SkipReason) : AlertEffect

    data class JudgeAgain(override val id: AlertId, val value: Judgement, val look: Look) : AlertEffect

    data class Check(override val id: AlertId) : AlertEffect

    data class Decide(override val id: AlertId, val decision: Decision, val note: String?) : AlertEffect
}

/** The next state, and what to ask of the core for it. */
data class Next(val state: AlertState, val effect: AlertEffect? = null)
