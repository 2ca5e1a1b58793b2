package org.peel.shell.alert

/** What an officer can decide; none is ever chosen beforehand. */
enum class DecisionKind { ENGAGE, DO_NOT_ENGAGE, PASS_TO, OBSERVE_ONLY }

/** A decision in full: only engaging goes without a reason. */
sealed interface Decision {
    val kind: DecisionKind

    data object Engage : Decision {
        override val kind = DecisionKind.ENGAGE
    }

    data class NotEngage(override val kind: DecisionKind, val reasons: Set<NoEngagementReason>) : Decision {
        init {
            require(kind != DecisionKind.ENGAGE) { "engaging takes no reasons" }
            require(reasons.isNotEmpty()) { "not engaging takes at least one reason" }
        }
    }
}

/** Why a person is not engaged. */
enum class NoEngagementReason {
    DIFFERENT_PERSON,
    CANNOT_TELL,
    IMAGE_QUALITY,
    LOST_IN_CROWD,
    SUBJECT_LEFT_AREA,
    UNSAFE_FOR_PUBLIC,
    UNSAFE_FOR_OFFICER,
    NO_OFFICER_AVAILABLE,
    HIGHER_PRIORITY,
    ALREADY_DEALT_WITH,
    ENTRY_STALE_OR_ERROR,
    NOT_PROPORTIONATE_HERE,
    CHILD_OR_VULNERABLE_HANDLE_OTHERWISE,
    DUPLICATE_ALERT,
    TEST_SUBJECT,
    SUPERVISOR_DIRECTION
}
