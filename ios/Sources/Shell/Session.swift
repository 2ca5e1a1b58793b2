// Where the phone stands: its deployments, its connection and its trail, in the app's own types.

import Foundation

/// Names one deployment.
public struct DeploymentId: Hashable, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }
}

/// What somebody does in a deployment.
public enum Role: String, CaseIterable, Sendable { case `operator`, engagementOfficer, spotter, supervisor, auditor }

/// A deployment that the officer is rostered for.
public struct Deployment: Equatable, Sendable, Identifiable {
    public let id: DeploymentId
    /// Role-players, not members of the public.
    public let exercise: Bool
    public let location: String
    public let authority: String
    public let cameras: [String]
    public let thresholdThousandths: Int
    public let watchlistSize: Int
    public let roles: [Role]
}

/// How the phone stands to the gateway.
public enum ConnectionState: String, CaseIterable, Sendable { case idle, connecting, online, offline, stopped }

/// The connection, and the trail's way to the force.
public struct Connection: Equatable, Sendable {
    public let state: ConnectionState
    /// Entries in the trail.
    public let trailSize: UInt64
    /// Entries that the force has durably logged and signed for.
    public let cosignedSize: UInt64
    /// What needs attention, as the core's codes.
    public let alarms: [String]
}

/// How a synchronisation ended.
public enum SyncState: String, CaseIterable, Sendable { case upToDate, moreLeft, waiting, stopped }

/// What a synchronisation did.
public struct SyncOutcome: Equatable, Sendable {
    public let uploaded: UInt64
    public let size: UInt64
    public let cosignedSize: UInt64
    public let state: SyncState
}
