internal import PeelCore

extension Deployment {
    init(_ view: DeploymentView) {
        self.init(
            id: DeploymentId(view.deploymentId), exercise: view.exercise, location: view.locationText,
            authority: view.authorityRef, cameras: view.cameras,
            thresholdThousandths: Int(view.thresholdThousandths), watchlistSize: Int(view.watchlistSize),
            roles: view.roles.map(Role.init))
    }
}

extension Connection {
    init(_ view: ConnectionView) {
        self.init(
            state: ConnectionState(view.state), trailSize: view.trailSize, cosignedSize: view.cosignedSize,
            alarms: view.alarms)
    }
}

extension ConnectionState {
    init(_ state: PeelCore.ConnectionState) {
        switch state {
        case .idle: self = .idle
        case .connecting: self = .connecting
        case .online: self = .online
        case .offline: self = .offline
        case .stopped: self = .stopped
        }
    }
}

extension SyncOutcome {
    init(_ outcome: PeelCore.SyncOutcome) {
        self.init(
            uploaded: outcome.uploaded, size: outcome.size, cosignedSize: outcome.cosignedSize,
            state: SyncState(outcome.state))
    }
}

extension SyncState {
    init(_ state: PeelCore.SyncState) {
        switch state {
        case .upToDate: self = .upToDate
        case .moreLeft: self = .moreLeft
        case .waiting: self = .waiting
        case .stopped: self = .stopped
        }
    }
}
