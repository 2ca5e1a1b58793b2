package org.peel.app.alert

import org.junit.Test
import org.peel.app.assertDocumented
import org.peel.app.draw
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.Step

/** The alert screen as the documentation shows it. Look at the pictures: would an officer in sunlight know what to do? */
class AlertPicturesTest {
    private val running = Samples.revealed.copy(check = FaceCheck.Running)
    private val opinion = running.copy(check = Samples.opinion)
    private val reasons = opinion.copy(
        step = Step.GiveReasons(DecisionKind.DO_NOT_ENGAGE, setOf(NoEngagementReason.IMAGE_QUALITY))
    )

    private fun documented(name: String, vararg states: AlertState) =
        assertDocumented(draw(name, states.toList()) { AlertScreen(it) {} })

    @Test
    fun `blind`() = documented("alert_blind", Samples.blind)

    @Test
    fun `revealed`() = documented("alert_revealed", Samples.blind, Samples.revealed)

    @Test
    fun `with a second opinion, to be decided`() =
        documented("alert_decide", Samples.revealed, running, opinion.copy(step = Step.Decide))

    @Test
    fun `reasons for not engaging`() = documented("alert_reasons", opinion, reasons)
}
