package org.peel.shell.core

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import org.peel.core.AlertListener
import org.peel.core.AlertPhase
import org.peel.core.AlertsSnapshot
import org.peel.core.CoreException
import org.peel.core.InternalException
import org.peel.core.NoHandle
import org.peel.core.OfficerCore
import org.peel.core.Subscription
import org.peel.shell.CoreResult
import org.peel.shell.Problem
import org.peel.shell.alert.AlertId

@OptIn(ExperimentalCoroutinesApi::class)
class PeelAlertsTest {
    private class FakeSubscription : Subscription(NoHandle) {
        var cancelled = 0

        override fun cancel() {
            cancelled++
        }
    }

    /** The generated class without its native half. */
    private class FakeCore(private val refusal: Exception? = null) : OfficerCore(NoHandle) {
        val subscription = FakeSubscription()
        var listener: AlertListener? = null

        override fun subscribeAlerts(listener: AlertListener): Subscription {
            this.listener = listener
            listener.onAlerts(snapshot("one"))
            return subscription
        }

        override fun alert(alertId: String): org.peel.core.AlertView = refusal?.let { throw it } ?: blind()

        override suspend fun displayed(alertId: String): org.peel.core.AlertView = throw checkNotNull(refusal)
    }

    @Test
    fun `a listener gets the present state at once`() = runTest {
        val first = PeelAlerts(FakeCore()).openAlerts.take(1).toList()
        assertEquals(listOf(listOf(AlertId("one"))), first)
    }

    @Test
    fun `a slow reader gets the newest and misses only what is out of date`() = runTest {
        val core = FakeCore()
        val seen = mutableListOf<List<AlertId>>()
        val reader = launch {
            PeelAlerts(core).openAlerts.collect {
                seen += it
                delay(1_000)
            }
        }
        runCurrent()
        for (id in listOf("two", "three", "four")) core.listener!!.onAlerts(snapshot(id))
        advanceTimeBy(1_001)
        assertEquals(listOf(listOf(AlertId("one")), listOf(AlertId("four"))), seen)
        reader.cancel()
    }

    @Test
    fun `the subscription ends with its reader`() = runTest {
        val core = FakeCore()
        val reader = launch { PeelAlerts(core).openAlerts.collect {} }
        runCurrent()
        assertEquals(0, core.subscription.cancelled)
        reader.cancel()
        runCurrent()
        assertEquals(1, core.subscription.cancelled)
        core.listener!!.onAlerts(snapshot("late"))
    }

    @Test
    fun `only alerts that can still be judged come to the screen`() = runTest {
        val core = FakeCore()
        val seen = mutableListOf<List<AlertId>>()
        val reader = launch { PeelAlerts(core).openAlerts.collect { seen += it } }
        runCurrent()
        val headers = AlertPhase.entries.map { header(it, it.name) }
        core.listener!!.onAlerts(AlertsSnapshot(null, headers, emptyList(), emptyList()))
        runCurrent()
        assertEquals(listOf("RECEIVED", "DISPLAYED", "REVEALED").map { AlertId(it) }, seen.last())
        reader.cancel()
    }

    @Test
    fun `every error of the core is a sealed result`() = runTest {
        val errors = mapOf(
            CoreException.NotEnrolled("a") to Problem.Kind.NOT_ENROLLED,
            CoreException.SignInNeeded("a") to Problem.Kind.SIGN_IN_NEEDED,
            CoreException.NotFound("a") to Problem.Kind.NOT_FOUND,
            CoreException.NotAllowedNow("a") to Problem.Kind.NOT_ALLOWED_NOW,
            CoreException.Invalid("a") to Problem.Kind.INVALID,
            CoreException.AlreadyDecided("a") to Problem.Kind.ALREADY_DECIDED,
            CoreException.Offline("a") to Problem.Kind.OFFLINE,
            CoreException.Refused("a") to Problem.Kind.REFUSED,
            CoreException.Integrity("a") to Problem.Kind.INTEGRITY,
            CoreException.StorageFull("a") to Problem.Kind.STORAGE_FULL,
            CoreException.KeyUnavailable("a") to Problem.Kind.KEY_UNAVAILABLE,
            CoreException.NotPossible("a") to Problem.Kind.NOT_POSSIBLE,
            CoreException.Internal("a") to Problem.Kind.INTERNAL
        )
        assertEquals(Problem.Kind.entries.toSet(), errors.values.toSet())
        for ((error, kind) in errors) {
            val alerts = PeelAlerts(FakeCore(error))
            assertEquals(CoreResult.Failed(Problem(kind, "a")), alerts.view(AlertId("one")))
            assertEquals(CoreResult.Failed(Problem(kind, "a")), alerts.displayed(AlertId("one")))
        }
    }

    @Test
    fun `a panic of the core is a sealed result too`() {
        val result = PeelAlerts(FakeCore(InternalException("panicked"))).view(AlertId("one"))
        assertEquals(CoreResult.Failed(Problem(Problem.Kind.INTERNAL, "panic")), result)
    }

    @Test
    fun `cancellation is not an error and passes through`() {
        val alerts = PeelAlerts(FakeCore(CancellationException("left")))
        assertThrows(CancellationException::class.java) { alerts.view(AlertId("one")) }
    }

    private companion object {
        fun snapshot(id: String) = AlertsSnapshot(null, listOf(header(id = id)), emptyList(), emptyList())
    }
}
