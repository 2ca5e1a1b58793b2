package org.peel.shell.core

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.map
import org.peel.core.AlertListener
import org.peel.core.AlertsSnapshot
import org.peel.core.OfficerCoreInterface
import org.peel.shell.CoreResult
import org.peel.shell.alert.AlertCore
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.AlertView
import org.peel.shell.alert.Decision
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.FaceImage
import org.peel.shell.alert.FaceSide
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.Look
import org.peel.shell.alert.SkipReason

/** The alerts of the real core. */
class PeelAlerts(private val core: OfficerCoreInterface) : AlertCore {
    override val openAlerts: Flow<List<AlertId>> = subscriptionFlow<AlertsSnapshot> { emit ->
        core.subscribeAlerts(
            object : AlertListener {
                override fun onAlerts(snapshot: AlertsSnapshot) = emit(snapshot)
            }
        )
    }.map { snapshot -> snapshot.alerts.filter { it.phase in openPhases }.map { AlertId(it.alertId) } }

    override fun view(id: AlertId) = result { core.alert(id.text) }.toApp()

    override suspend fun displayed(id: AlertId) = result { core.displayed(id.text) }.toApp()

    override suspend fun probe(id: AlertId, index: Int): CoreResult<FaceImage> =
        result { FaceImage(core.faceImage(id.text, org.peel.core.FaceSide.Probe(index.toUByte()))) }

    override suspend fun reference(id: AlertId): CoreResult<FaceImage> =
        result { FaceImage(core.faceImage(id.text, org.peel.core.FaceSide.Reference)) }

    override suspend fun viewed(id: AlertId, side: FaceSide, millis: Long, zoomed: Boolean): CoreResult<Unit> = result {
        val which = when (side) {
            FaceSide.PROBE -> org.peel.core.FaceSide.Probe(0u)
            FaceSide.REFERENCE -> org.peel.core.FaceSide.Reference
        }
        core.faceViewed(id.text, which, millis.toMillisOnTheWire(), zoomed)
    }

    override suspend fun judge(id: AlertId, value: Judgement, look: Look) =
        result { core.judge(id.text, request(value, look)) }.toApp()

    override suspend fun skip(id: AlertId, reason: SkipReason) =
        result { core.skipJudgement(id.text, reason.toCore()) }.toApp()

    override suspend fun judgeAgain(id: AlertId, value: Judgement, look: Look) =
        result { core.judgeAgain(id.text, request(value, look)) }.toApp()

    override suspend fun check(id: AlertId): CoreResult<FaceCheck> = result { core.compare(id.text).toApp() }

    override suspend fun decide(id: AlertId, decision: Decision, note: String?) =
        result { core.decide(id.text, request(decision, note)) }.toApp()

    private fun CoreResult<org.peel.core.AlertView>.toApp(): CoreResult<AlertView> = map { it.toApp() }
}
