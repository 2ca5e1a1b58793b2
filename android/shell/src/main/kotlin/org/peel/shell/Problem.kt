package org.peel.shell

/** What a call to the core came to. Nothing throws into a screen. */
sealed interface CoreResult<out T> {
    data class Done<T>(val value: T) : CoreResult<T>

    data class Failed(val problem: Problem) : CoreResult<Nothing>
}

/** Why the core did not do it: a kind to act on, and the core's own code for the reason. */
data class Problem(val kind: Kind, val reason: String) {
    enum class Kind {
        NOT_ENROLLED,
        SIGN_IN_NEEDED,
        NOT_FOUND,
        NOT_ALLOWED_NOW,
        INVALID,
        ALREADY_DECIDED,
        OFFLINE,
        REFUSED,
        INTEGRITY,
        STORAGE_FULL,
        KEY_UNAVAILABLE,
        NOT_POSSIBLE,
        INTERNAL
    }
}
