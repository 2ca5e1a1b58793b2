package org.peel.app.alert

import java.io.File
import org.junit.Test
import org.peel.app.picture
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.Step

class AlertPicturesTest {
    @Test
    fun `draws each state of the alert`() {
        val states = mapOf(
            "alert_blind" to Samples.blind,
            "alert_revealed" to Samples.revealed,
            "alert_decide" to Samples.revealed.copy(check = Samples.opinion, step = Step.Decide),
            "alert_reasons" to Samples.revealed.copy(
                step = Step.GiveReasons(DecisionKind.DO_NOT_ENGAGE, setOf(NoEngagementReason.IMAGE_QUALITY))
            )
        )
        for ((name, state) in states) picture(File("target/screens/$name.png")) { AlertScreen(state) {} }
        picture(File("target/screens/alert_decide_long.png"), height = 1500) {
            AlertScreen(Samples.revealed.copy(check = Samples.opinion, step = Step.Decide)) {}
        }
    }
}
