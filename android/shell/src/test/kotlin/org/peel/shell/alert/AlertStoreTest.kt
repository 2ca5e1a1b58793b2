package org.peel.shell.alert

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.peel.shell.Problem

@OptIn(ExperimentalCoroutinesApi::class)
class AlertStoreTest {
    private val core = FakeCore()
    private val other = alert.copy(id = AlertId("two"))

    private fun TestScope.store() = AlertStore(core, backgroundScope).also {
        it.start()
        runCurrent()
    }

    private fun TestScope.press(store: AlertStore, action: AlertAction) {
        store.dispatch(action)
        runCurrent()
    }

    private fun TestScope.skip(store: AlertStore) {
        press(store, AlertAction.CannotJudgeNowPressed)
        press(store, AlertAction.SkipReasonPressed(SkipReason.PERSON_IS_HERE))
    }

    @Test
    fun `an alert comes to the screen with its faces`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        assertEquals(AlertState.Blind(alert, Viewing(faces), maySkip = true), store.state.value)
        assertEquals(listOf("displayed one", "probe 0", "reference", "probe 1"), core.asked)
    }

    @Test
    fun `the probe is on the screen while the reference is on its way`() = runTest {
        core.slow["reference"] = CompletableDeferred()
        val store = store()
        core.raise(alert)
        runCurrent()
        val shown = (store.state.value as AlertState.Blind).viewing.faces
        assertEquals(Faces(faces.probes.take(1), null), shown)
    }

    @Test
    fun `a decision goes its whole way`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        press(store, AlertAction.JudgePressed(Judgement.CANNOT_TELL))
        press(store, AlertAction.CheckPressed)
        press(store, AlertAction.JudgePressed(Judgement.SAME_PERSON_LIKELY))
        press(store, AlertAction.DecisionPressed(DecisionKind.ENGAGE))
        assertEquals(
            listOf("judge CANNOT_TELL", "check", "judge again SAME_PERSON_LIKELY", "decide Engage"),
            core.asked.drop(4)
        )
        val over = AlertState.Over(alert, Ending.Decided(DecisionKind.ENGAGE), facts.warningMarkers)
        assertEquals(over, store.state.value)
    }

    @Test
    fun `a skip goes to the core with its reason and reveals`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        skip(store)
        assertEquals("skip PERSON_IS_HERE", core.asked.last())
        assertEquals(revealed, store.state.value)
    }

    @Test
    fun `a screen that goes away takes no write with it`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        val screen = launch { store.watch() }
        core.slow["judge CANNOT_TELL"] = CompletableDeferred()
        press(store, AlertAction.JudgePressed(Judgement.CANNOT_TELL))
        screen.cancel()
        core.slow.getValue("judge CANNOT_TELL").complete(Unit)
        runCurrent()
        assertTrue("judge CANNOT_TELL" in core.asked)
        assertTrue(store.state.value is AlertState.Revealed)
    }

    @Test
    fun `s33 looking at the faces is told to the core when the screen goes`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        val screen = launch { store.watch() }
        press(store, AlertAction.ZoomPressed)
        advanceTimeBy(3_001)
        screen.cancel()
        runCurrent()
        assertEquals(listOf("viewed one PROBE 3000 true", "viewed one REFERENCE 3000 true"), core.asked.takeLast(2))
    }

    @Test
    fun `s33 looking is told once, in parts that add up`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        repeat(2) {
            val screen = launch { store.watch() }
            runCurrent()
            advanceTimeBy(1_001)
            screen.cancel()
            runCurrent()
        }
        skip(store)
        core.views[alert.id] = AlertView.Over(alert, Ending.Withdrawn, emptyList())
        core.openAlerts.value = emptyList()
        runCurrent()
        assertEquals(List(2) { "viewed one PROBE 1000 false" }, core.asked.filter { it.startsWith("viewed one PROBE") })
    }

    @Test
    fun `a problem is said and leaves the alert open`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        core.problem = Problem(Problem.Kind.STORAGE_FULL, "storage.full")
        skip(store)
        val state = store.state.value as AlertState.Blind
        assertEquals(core.problem, state.problem)
        assertFalse(state.waiting)
    }

    @Test
    fun `a second alert waits for the first and then comes`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        core.raise(other)
        runCurrent()
        assertEquals(alert.id, (store.state.value as AlertState.Open).alert.id)
        core.views[alert.id] = AlertView.Over(alert, Ending.Expired, emptyList())
        core.openAlerts.value = listOf(other.id)
        runCurrent()
        assertEquals(other.id, (store.state.value as AlertState.Open).alert.id)
    }

    @Test
    fun `an engagement stays on the screen until it is put away`() = runTest {
        val store = store()
        core.raise(alert)
        runCurrent()
        skip(store)
        press(store, AlertAction.JudgePressed(Judgement.SAME_PERSON_LIKELY))
        press(store, AlertAction.DecisionPressed(DecisionKind.ENGAGE))
        core.raise(other)
        runCurrent()
        assertTrue(store.state.value is AlertState.Over)
        press(store, AlertAction.DismissPressed)
        assertEquals(other.id, (store.state.value as AlertState.Open).alert.id)
    }
}
