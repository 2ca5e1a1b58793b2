package org.peel.shell.session

import java.time.Instant
import org.peel.shell.CoreResult

/** A deployment that the officer is rostered for. */
data class Deployment(
    val id: String,
    /** Role-players, not members of the public. */
    val exercise: Boolean,
    val place: String,
    val plannedEnd: Instant,
    val roles: List<Role>
)

/** What an officer does in a deployment. */
enum class Role { OPERATOR, ENGAGEMENT_OFFICER, SPOTTER, SUPERVISOR, AUDITOR }

/** How far the trail has come to the force. */
data class SyncReport(val state: State, val entries: Long, val signedFor: Long) {
    enum class State { UP_TO_DATE, MORE_LEFT, WAITING, STOPPED }
}

/** From an enrolment code to the open alert stream, and the trail's way back. Nothing here throws. */
interface Session {
    suspend fun enrol(code: String): CoreResult<Unit>

    suspend fun signIn(officer: String, pin: String): CoreResult<Unit>

    suspend fun deployments(): CoreResult<List<Deployment>>

    /** Joins, and records that the briefing was read. Whoever calls this has shown it. */
    suspend fun join(deployment: Deployment, role: Role): CoreResult<Unit>

    fun connect(): CoreResult<Unit>

    fun disconnect(): CoreResult<Unit>

    suspend fun sync(budgetMillis: Long): CoreResult<SyncReport>
}
