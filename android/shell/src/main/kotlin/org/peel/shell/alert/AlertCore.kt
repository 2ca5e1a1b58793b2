package org.peel.shell.alert

import kotlinx.coroutines.flow.Flow
import org.peel.shell.CoreResult

/** What the alert screen needs of the core, in the app's own types. Nothing here throws. */
interface AlertCore {
    /** The open alerts, the newest first: the present ones at once, then after every change. */
    val openAlerts: Flow<List<AlertId>>

    /** The alert as far as this officer may see it now; cheap. */
    fun view(id: AlertId): CoreResult<AlertView>

    /** Records that the alert is on the screen. */
    suspend fun displayed(id: AlertId): CoreResult<AlertView>

    suspend fun probe(id: AlertId, index: Int): CoreResult<FaceImage>

    suspend fun reference(id: AlertId): CoreResult<FaceImage>

    /** Records for how long a face was looked at. */
    suspend fun viewed(id: AlertId, side: FaceSide, millis: Long, zoomed: Boolean): CoreResult<Unit>

    suspend fun judge(id: AlertId, value: Judgement, look: Look): CoreResult<AlertView>

    suspend fun skip(id: AlertId, reason: SkipReason): CoreResult<AlertView>

    suspend fun judgeAgain(id: AlertId, value: Judgement, look: Look): CoreResult<AlertView>

    suspend fun check(id: AlertId): CoreResult<FaceCheck>

    suspend fun decide(id: AlertId, decision: Decision, note: String?): CoreResult<AlertView>
}
