package org.peel.shell.alert

import org.peel.shell.Problem

/** The alert screen, whole. Immutable: only [reduce] makes the next one. */
sealed interface AlertState {
    /** No alert is open. */
    data object Quiet : AlertState

    /** An alert that is open; what the screen shows of it depends on which. */
    sealed interface Open : AlertState {
        val alert: OpenAlert
        val viewing: Viewing

        /** A command is on its way to the core; until it is recorded nothing else can be pressed. */
        val waiting: Boolean
        val problem: Problem?
    }

    /** The two faces and nothing that could lead the eye. */
    data class Blind(
        override val alert: OpenAlert,
        override val viewing: Viewing,
        /** "Cannot judge now" is allowed. */
        val maySkip: Boolean,
        /** The officer cannot judge now and is asked why; none of the reasons is chosen beforehand. */
        val givingSkipReason: Boolean = false,
        override val waiting: Boolean = false,
        override val problem: Problem? = null
    ) : Open

    /** All that the core has released, and what is asked next. */
    data class Revealed(
        override val alert: OpenAlert,
        override val viewing: Viewing,
        val facts: RevealedFacts,
        val check: FaceCheck,
        val step: Step,
        override val waiting: Boolean = false,
        override val problem: Problem? = null
    ) : Open

    /** The officer is done with it, or it went away by itself. */
    data class Over(val alert: OpenAlert, val ending: Ending, val warningMarkers: List<WarningMarker>) : AlertState
}

/** What a revealed alert asks for. */
sealed interface Step {
    data object JudgeAgain : Step

    data object Decide : Step

    /** Which reasons, for a decision other than engaging; none is ticked beforehand. */
    data class GiveReasons(val kind: DecisionKind, val reasons: Set<NoEngagementReason>) : Step

    /** Why engaging is necessary and proportionate, where the core asks for it. */
    data class GiveNote(val text: String) : Step
}

/** How an alert ended on this phone. */
sealed interface Ending {
    data class Decided(val kind: DecisionKind) : Ending

    data object Expired : Ending

    data object Withdrawn : Ending

    data object Closed : Ending
}

/** The faces on the screen and the time that has run while they were there. */
data class Viewing(
    val faces: Faces,
    val close: Boolean = false,
    val everClose: Boolean = false,
    val probeShown: Int = 0,
    val probeMillis: Long = 0,
    val referenceMillis: Long = 0
) {
    /** For the core's record of how the officer looked. */
    fun look(): Look = Look(probeMillis, referenceMillis, everClose)
}
