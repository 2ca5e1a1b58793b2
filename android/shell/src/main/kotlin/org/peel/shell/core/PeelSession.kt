package org.peel.shell.core

import org.peel.core.DeploymentView
import org.peel.core.OfficerCoreInterface
import org.peel.shell.CoreResult
import org.peel.shell.session.Deployment
import org.peel.shell.session.Role
import org.peel.shell.session.Session
import org.peel.shell.session.SyncReport

/** The session of the real core. */
class PeelSession(private val core: OfficerCoreInterface) : Session {
    override suspend fun enrol(code: String): CoreResult<Unit> = result<Unit> { core.enrol(code) }

    override suspend fun signIn(officer: String, pin: String): CoreResult<Unit> =
        result<Unit> { core.signIn(officer, pin) }

    override suspend fun deployments(): CoreResult<List<Deployment>> =
        result { core.deployments() }.map { views -> views.map { it.toApp() } }

    override suspend fun join(deployment: Deployment, role: Role): CoreResult<Unit> = result {
        core.join(deployment.id, named(role))
        core.acknowledgeBriefing()
    }

    override fun connect(): CoreResult<Unit> = result { core.connect() }

    override fun disconnect(): CoreResult<Unit> = result { core.disconnect() }

    override suspend fun sync(budgetMillis: Long): CoreResult<SyncReport> =
        result { core.syncNow(budgetMillis.toMillisOnTheWire()) }.map { outcome ->
            SyncReport(named(outcome.state), outcome.size.toLong(), outcome.cosignedSize.toLong())
        }

    private fun DeploymentView.toApp() = Deployment(
        id = deploymentId,
        exercise = exercise,
        place = locationText,
        plannedEnd = plannedEnd,
        roles = roles.map { named<Role>(it) }
    )
}
