package org.peel.shell.story

import java.io.File
import kotlinx.coroutines.flow.first
import org.peel.core.CoreConfig
import org.peel.core.LegalFooting
import org.peel.core.OfficerCore
import org.peel.core.softwareVault
import org.peel.core.systemClock
import org.peel.shell.CoreResult
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.AlertStore
import org.peel.shell.core.PeelAlerts
import org.peel.shell.core.PeelPhotographs
import org.peel.shell.core.PeelSession
import org.peel.shell.session.Role

/** A phone in this JVM: the real core, its data in [folder], keys in files, which protect nothing. */
class Phone(folder: File, models: File) {
    private val core = OfficerCore.open(
        CoreConfig(File(folder, "core").apply { mkdirs() }.path, models.path),
        softwareVault(File(folder, "vault").apply { mkdirs() }.path),
        systemClock()
    )
    val session = PeelSession(core)
    val alerts = PeelAlerts(core)
    val photographs = PeelPhotographs(core)

    /** From the enrolment code to the open alert stream. */
    suspend fun start(gateway: GatewayProcess) {
        session.enrol(gateway.enrolmentCode()).done()
        session.signIn(gateway.officer, gateway.pin).done()
        val deployment = session.deployments().done().single()
        session.join(deployment, Role.ENGAGEMENT_OFFICER).done()
        session.connect().done()
    }

    /** The stop begins. */
    suspend fun contact(id: AlertId) = core.contactMade(id.text, LegalFooting.VOLUNTARY_CONVERSATION)
}

/** The first state of its kind for which [there] holds. */
suspend inline fun <reified S : AlertState> AlertStore.until(crossinline there: (S) -> Boolean): S =
    state.first { it is S && there(it) } as S

/** What was done, or an end to the test. */
fun <T> CoreResult<T>.done(): T = when (this) {
    is CoreResult.Done -> value
    is CoreResult.Failed -> error("the core refused: $problem")
}
