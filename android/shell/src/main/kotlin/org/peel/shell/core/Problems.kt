package org.peel.shell.core

import kotlinx.coroutines.CancellationException
import org.peel.core.CoreException
import org.peel.core.InternalException
import org.peel.shell.CoreResult
import org.peel.shell.Problem

/** Runs one call of the core and gives what it came to; only cancellation passes through. */
internal inline fun <T> result(call: () -> T): CoreResult<T> = try {
    CoreResult.Done(call())
} catch (cancelled: CancellationException) {
    throw cancelled
} catch (refusal: CoreException) {
    CoreResult.Failed(refusal.problem())
} catch (_: InternalException) {
    CoreResult.Failed(Problem(Problem.Kind.INTERNAL, "panic"))
}

internal fun <T, R> CoreResult<T>.map(change: (T) -> R): CoreResult<R> = when (this) {
    is CoreResult.Done -> CoreResult.Done(change(value))
    is CoreResult.Failed -> this
}

internal fun CoreException.problem(): Problem = when (this) {
    is CoreException.NotEnrolled -> Problem(Problem.Kind.NOT_ENROLLED, reason)
    is CoreException.SignInNeeded -> Problem(Problem.Kind.SIGN_IN_NEEDED, reason)
    is CoreException.NotFound -> Problem(Problem.Kind.NOT_FOUND, reason)
    is CoreException.NotAllowedNow -> Problem(Problem.Kind.NOT_ALLOWED_NOW, reason)
    is CoreException.Invalid -> Problem(Problem.Kind.INVALID, reason)
    is CoreException.AlreadyDecided -> Problem(Problem.Kind.ALREADY_DECIDED, reason)
    is CoreException.Offline -> Problem(Problem.Kind.OFFLINE, reason)
    is CoreException.Refused -> Problem(Problem.Kind.REFUSED, reason)
    is CoreException.Integrity -> Problem(Problem.Kind.INTEGRITY, reason)
    is CoreException.StorageFull -> Problem(Problem.Kind.STORAGE_FULL, reason)
    is CoreException.KeyUnavailable -> Problem(Problem.Kind.KEY_UNAVAILABLE, reason)
    is CoreException.NotPossible -> Problem(Problem.Kind.NOT_POSSIBLE, reason)
    is CoreException.Internal -> Problem(Problem.Kind.INTERNAL, reason)
}
