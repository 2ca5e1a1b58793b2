package org.peel.shell.alert

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.MutableStateFlow
import org.peel.shell.CoreResult
import org.peel.shell.Problem

/** A core that answers as it is told, and keeps what it was asked. */
internal class FakeCore : AlertCore {
    val asked = mutableListOf<String>()
    val views = mutableMapOf<AlertId, AlertView>()
    val slow = mutableMapOf<String, CompletableDeferred<Unit>>()
    var problem: Problem? = null

    override val openAlerts = MutableStateFlow(emptyList<AlertId>())

    fun raise(alert: OpenAlert) {
        views[alert.id] = AlertView.Blind(alert, maySkip = true)
        openAlerts.value = listOf(alert.id) + openAlerts.value
    }

    private suspend fun <T> answer(question: String, value: () -> T): CoreResult<T> {
        slow[question]?.await()
        asked += question
        return problem?.let { CoreResult.Failed(it) } ?: CoreResult.Done(value())
    }

    override fun view(id: AlertId): CoreResult<AlertView> = CoreResult.Done(views.getValue(id))

    override suspend fun displayed(id: AlertId) = answer("displayed ${id.text}") { views.getValue(id) }

    override suspend fun probe(id: AlertId, index: Int) = answer("probe $index") { faces.probes[index] }

    override suspend fun reference(id: AlertId) = answer("reference") { faces.reference!! }

    override suspend fun viewed(id: AlertId, side: FaceSide, millis: Long, zoomed: Boolean) =
        answer("viewed ${id.text} $side $millis $zoomed") {}

    override suspend fun judge(id: AlertId, value: Judgement, look: Look) = answer("judge $value") {
        AlertView.Revealed(views.getValue(id).alert, facts, FaceCheck.NotAsked, null).also { views[id] = it }
    }

    override suspend fun skip(id: AlertId, reason: SkipReason) = answer("skip $reason") {
        AlertView.Revealed(views.getValue(id).alert, facts, FaceCheck.NotAsked, null).also { views[id] = it }
    }

    override suspend fun judgeAgain(id: AlertId, value: Judgement, look: Look) = answer("judge again $value") {
        AlertView.Revealed(views.getValue(id).alert, facts, FaceCheck.NotAsked, value).also { views[id] = it }
    }

    override suspend fun check(id: AlertId): CoreResult<FaceCheck> =
        answer("check") { FaceCheck.Opinion(Band.INCONCLUSIVE, emptyList(), emptyList()) }

    override suspend fun decide(id: AlertId, decision: Decision, note: String?) = answer("decide $decision") {
        val over = AlertView.Over(views.getValue(id).alert, Ending.Decided(decision.kind), facts.warningMarkers)
        views[id] = over
        openAlerts.value = openAlerts.value - id
        over
    }
}
