package org.peel.app.alert

import java.io.File
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.peel.app.assertDocumented
import org.peel.app.draw
import org.peel.app.repository
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.AlertStore
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.Step
import org.peel.shell.story.GatewayProcess
import org.peel.shell.story.Phone
import org.peel.shell.story.until

private const val STORY_MILLIS = 60_000L

/**
 * The alert screen as the documentation shows it, from the state of the real core: a real gateway sends the alert, the
 * officer of the story presses, and what the store then holds is drawn. Only the seconds since capture are set.
 *
 * Look at the pictures: would an officer in sunlight know what to do?
 */
@OptIn(ExperimentalCoroutinesApi::class)
class AlertPicturesTest {
    @get:Rule
    val folder = TemporaryFolder()

    private class Story(
        val blind: AlertState.Blind,
        val revealed: AlertState.Revealed,
        val opinion: AlertState.Revealed,
        val deciding: AlertState.Revealed,
        val reasons: AlertState.Revealed
    )

    @Test
    fun `the pictures in the documentation are the screens of today`() {
        val story = play()
        val running = story.revealed.copy(check = FaceCheck.Running)
        documented("alert_blind", story.blind)
        documented("alert_revealed", story.blind, story.revealed)
        documented("alert_decide", story.revealed, running, story.opinion, story.deciding)
        documented("alert_reasons", story.deciding, story.reasons)
    }

    private fun documented(name: String, vararg states: AlertState) =
        assertDocumented(draw(name, states.toList()) { AlertScreen(it) {} })

    private fun play(): Story = runBlocking {
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default.limitedParallelism(1))
        try {
            withTimeout(STORY_MILLIS) {
                GatewayProcess(folder.newFolder("force")).use { gateway ->
                    val phone = Phone(folder.newFolder("phone"), File(repository, "models"))
                    phone.start(gateway)
                    val store = AlertStore(phone.alerts, scope)
                    withContext(scope.coroutineContext) { store.start() }
                    gateway.raise(Samples.probe, Samples.reference)
                    store.play(scope).also { phone.session.disconnect() }
                }
            }
        } finally {
            scope.cancel()
        }
    }

    private suspend fun AlertStore.play(scope: CoroutineScope): Story {
        suspend fun press(action: AlertAction) = withContext(scope.coroutineContext) { dispatch(action) }
        val blind = until<AlertState.Blind> { it.viewing.faces.reference != null }
        press(AlertAction.JudgePressed(Judgement.SAME_PERSON_LIKELY))
        val revealed = until<AlertState.Revealed> { !it.waiting }
        press(AlertAction.CheckPressed)
        val opinion = until<AlertState.Revealed> { it.check is FaceCheck.Opinion || it.check is FaceCheck.NotPossible }
        press(AlertAction.JudgePressed(Judgement.CANNOT_TELL))
        val deciding = until<AlertState.Revealed> { it.step == Step.Decide && !it.waiting }
        press(AlertAction.DecisionPressed(DecisionKind.DO_NOT_ENGAGE))
        press(AlertAction.ReasonPressed(NoEngagementReason.CANNOT_TELL))
        val reasons = until<AlertState.Revealed> { (it.step as? Step.GiveReasons)?.reasons?.isNotEmpty() == true }
        return Story(
            blind.copy(alert = blind.alert.copy(ageSeconds = 4)),
            revealed.after(seconds = 9),
            opinion.after(seconds = 10),
            deciding.after(seconds = 11),
            reasons.after(seconds = 12)
        )
    }

    private fun AlertState.Revealed.after(seconds: Long) = copy(alert = alert.copy(ageSeconds = seconds))
}
