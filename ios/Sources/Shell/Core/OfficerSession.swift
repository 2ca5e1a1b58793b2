internal import PeelCore

/// The phone's core for the life of the app: enrolment, shift, deployment, connection, synchronisation.
///
/// Commands that record something return after the record is durable; a cancelled task loses nothing.
public final class OfficerSession: Sendable {
    private let core: OfficerCore

    /// Opens the core's data and continues what was open when the app ended, stops included.
    public init(dataFolder: String, modelsFolder: String, device: Device) throws(Problem) {
        core = try calling {
            try OfficerCore.open(
                config: CoreConfig(dataDir: dataFolder, modelsDir: modelsFolder), vault: device.vault,
                clock: device.clock)
        }
    }

    /// Enrols this device with the text of an enrolment code.
    public func enrol(code: String) async throws(Problem) {
        _ = try await calling { [core] in try await core.enrol(code: code) }
    }

    /// Signs an officer in for a shift. Needs the gateway.
    public func signIn(officerNumber: String, pin: String) async throws(Problem) {
        _ = try await calling { [core] in try await core.signIn(officerNumber: officerNumber, pin: pin) }
    }

    /// The deployments that the officer is rostered for. Needs the gateway.
    public func deployments() async throws(Problem) -> [Deployment] {
        try await calling { [core] in try await core.deployments() }.map(Deployment.init)
    }

    /// Joins a deployment in a role.
    public func join(_ deployment: DeploymentId, as role: Role) async throws(Problem) {
        try await calling { [core] in try await core.join(deploymentId: deployment.text, role: role.forCore) }
    }

    /// Records that the officer has read the deployment's card.
    public func acknowledgeBriefing() async throws(Problem) {
        try await calling { [core] in try await core.acknowledgeBriefing() }
    }

    /// Connects, and keeps the connection up until `disconnect`. Returns at once; see `connection`.
    public func connect() throws(Problem) {
        try calling { try core.connect() }
    }

    /// Ends the connection. What is recorded stays and goes over later.
    public func disconnect() throws(Problem) {
        try calling { try core.disconnect() }
    }

    /// The network is back, or another one: the core tries at once.
    public func networkChanged() throws(Problem) {
        try calling { try core.networkChanged() }
    }

    /// The connection's states: the present one at once, then after every change.
    public func connection() throws(Problem) -> AsyncStream<Connection> {
        try stream { try core.subscribeConnection(listener: ConnectionRelay($0)) }
    }

    /// Brings the trail to the force, for at most so many milliseconds.
    public func syncNow(budgetMillis: Int) async throws(Problem) -> SyncOutcome {
        let budget = UInt32(clamping: budgetMillis)
        return SyncOutcome(try await calling { [core] in try await core.syncNow(budgetMs: budget) })
    }

    /// What the alert screen needs.
    public func alerts() -> any AlertCore {
        LiveAlertCore(core)
    }

    /// What taking a close photograph needs.
    public func photographs() -> any PhotographCore {
        LivePhotographCore(core)
    }

    /// Begins a stop in a voluntary conversation, for tests: the screen that asks for the footing is still to come.
    func contactMade(_ id: AlertId) async throws(Problem) {
        _ = try await calling { [core] in
            try await core.contactMade(alertId: id.text, footing: .voluntaryConversation)
        }
    }
}

/// The device under the core: its key store and its clocks.
public struct Device: Sendable {
    let vault: any KeyVault
    let clock: any DeviceClock

    #if os(Linux) || targetEnvironment(simulator)
        /// Keys in files and the system's clocks: for tests and exercises alone, it protects nothing.
        public static func software(keysFolder: String) throws(Problem) -> Device {
            try calling { Device(vault: try softwareVault(directory: keysFolder), clock: try systemClock()) }
        }
    #endif
}
