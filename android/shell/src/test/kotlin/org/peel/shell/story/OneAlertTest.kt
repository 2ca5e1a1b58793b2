package org.peel.shell.story

import java.io.File
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.peel.shell.CoreResult
import org.peel.shell.Problem
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.AlertStore
import org.peel.shell.alert.AlertView
import org.peel.shell.alert.Decision
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.Ending
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.Look
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.SkipReason
import org.peel.shell.alert.Step
import org.peel.shell.alert.WarningMarker
import org.peel.shell.session.SyncReport

private const val STORY_MILLIS = 60_000L

/** One alert from a real gateway, through the real core, to a decision that the force has signed for. */
@OptIn(ExperimentalCoroutinesApi::class)
class OneAlertTest {
    private val repository = File(System.getProperty("peel.repository"))
    private val face = File(repository, "tests/street/faces/devon_1.jpg").readBytes()
    private val otherFace = File(repository, "tests/street/faces/casey_1.jpg").readBytes()

    /** The app's own scope: one thread, as Android's main dispatcher is. */
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default.limitedParallelism(1))

    private fun story(folder: File, tell: suspend (GatewayProcess, Phone) -> Unit) = runBlocking {
        withTimeout(STORY_MILLIS) {
            GatewayProcess(File(folder, "force").apply { mkdirs() }).use { gateway ->
                val phone = Phone(folder, File(repository, "models"))
                phone.start(gateway)
                tell(gateway, phone)
                phone.session.disconnect()
            }
        }
        scope.cancel()
    }

    private suspend fun Phone.arrives(id: String) = alerts.openAlerts.first { AlertId(id) in it }

    @Test
    fun `an alert goes from the gateway to a decision that is signed for`(@TempDir folder: File) =
        story(folder) { gateway, phone ->
            val store = AlertStore(phone.alerts, scope)
            withContext(scope.coroutineContext) { store.start() }
            val id = AlertId(gateway.raise(face, face))
            suspend fun press(action: AlertAction) = withContext(scope.coroutineContext) { store.dispatch(action) }

            val blind = store.until<AlertState.Blind> { it.viewing.faces.reference != null }
            assertEquals(id, blind.alert.id)
            assertTrue(blind.alert.exercise && blind.alert.urgent)
            press(AlertAction.JudgePressed(Judgement.SAME_PERSON_LIKELY))
            val revealed = store.until<AlertState.Revealed> { !it.waiting }
            assertEquals(712, revealed.facts.score.score)
            assertEquals(Step.JudgeAgain, revealed.step)
            press(AlertAction.CheckPressed)
            store.until<AlertState.Revealed> { it.check is FaceCheck.Opinion }
            press(AlertAction.JudgePressed(Judgement.CANNOT_TELL))
            store.until<AlertState.Revealed> { it.step == Step.Decide && !it.waiting }
            press(AlertAction.DecisionPressed(DecisionKind.ENGAGE))
            assertEquals(Ending.Decided(DecisionKind.ENGAGE), store.until<AlertState.Over> { true }.ending)

            val report = phone.session.sync(10_000).done()
            assertEquals(SyncReport.State.UP_TO_DATE, report.state)
            assertTrue(report.entries > 0 && report.signedFor == report.entries, report.toString())
        }

    @Test
    fun `an alert skipped with a reason is revealed with its warnings`(@TempDir folder: File) =
        story(folder) { gateway, phone ->
            val store = AlertStore(phone.alerts, scope)
            withContext(scope.coroutineContext) { store.start() }
            val id = AlertId(gateway.raise(face, face))
            suspend fun press(action: AlertAction) = withContext(scope.coroutineContext) { store.dispatch(action) }

            store.until<AlertState.Blind> { it.alert.id == id }
            press(AlertAction.CannotJudgeNowPressed)
            press(AlertAction.SkipReasonPressed(SkipReason.PERSON_IS_HERE))
            val answered = store.until<AlertState.Open> { !it.waiting }
            assertNull(answered.problem)
            val revealed = answered as AlertState.Revealed
            assertEquals(listOf(WarningMarker.VIOLENT, WarningMarker.WEAPONS), revealed.facts.warningMarkers)
            press(AlertAction.JudgePressed(Judgement.CANNOT_TELL))
            store.until<AlertState.Revealed> { it.step == Step.Decide && !it.waiting }
            press(AlertAction.DecisionPressed(DecisionKind.OBSERVE_ONLY))
            press(AlertAction.ReasonPressed(NoEngagementReason.CANNOT_TELL))
            press(AlertAction.RecordPressed)
            assertEquals(Ending.Decided(DecisionKind.OBSERVE_ONLY), store.until<AlertState.Over> { true }.ending)

            val report = phone.session.sync(10_000).done()
            assertTrue(report.entries > 0 && report.signedFor == report.entries, report.toString())
        }

    @Test
    fun `the strictest policy takes each reason that the screen offers`(@TempDir folder: File) =
        story(folder) { gateway, phone ->
            for (reason in SkipReason.entries) {
                val id = AlertId(gateway.raise(face, face))
                phone.arrives(id.text)
                phone.alerts.displayed(id).done()
                assertTrue(phone.alerts.skip(id, reason).done() is AlertView.Revealed, reason.name)
            }
        }

    @Test
    fun `what the core refuses comes back as a value`(@TempDir folder: File) = story(folder) { gateway, phone ->
        val id = AlertId(gateway.raise(face, otherFace))
        phone.arrives(id.text)
        assertEquals(Problem.Kind.INVALID, phone.alerts.view(AlertId("not an identifier")).problem()?.kind)
        val unknown = AlertId("01890000-0000-7000-8000-000000000000")
        assertEquals(Problem.Kind.NOT_FOUND, phone.alerts.view(unknown).problem()?.kind)
        val early = phone.alerts.decide(id, Decision.Engage, note = null)
        assertEquals(Problem.Kind.NOT_ALLOWED_NOW, early.problem()?.kind)
        assertEquals(Problem.Kind.NOT_ALLOWED_NOW, phone.alerts.check(id).problem()?.kind)
        assertTrue(phone.session.enrol("not a code").problem() != null)
    }

    @Test
    fun `a coroutine cancelled in the middle of a judgement loses nothing`(@TempDir folder: File) =
        story(folder) { gateway, phone ->
            val id = AlertId(gateway.raise(face, otherFace))
            phone.arrives(id.text)
            phone.alerts.displayed(id).done()
            val screen = CoroutineScope(Dispatchers.Default)
            val judging = screen.launch(start = CoroutineStart.UNDISPATCHED) {
                phone.alerts.judge(id, Judgement.DIFFERENT_PEOPLE_LIKELY, Look(900, 900, zoomed = false))
            }
            judging.cancel()
            judging.join()
            var view = phone.alerts.view(id).done()
            while (view !is AlertView.Revealed) {
                delay(20)
                view = phone.alerts.view(id).done()
            }
            assertNull(view.judgedAgain)
        }
}

private fun CoreResult<*>.problem(): Problem? = (this as? CoreResult.Failed)?.problem
