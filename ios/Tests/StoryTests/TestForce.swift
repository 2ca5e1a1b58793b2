import Foundation
import TestHTTPS

/// A force for one test: the real gateway in a process of its own, and an LFR vendor that posts alerts to it.
///
/// Everything is below one temporary folder and gone with the test.
final class TestForce {
    static let pin = "483911"
    static let officer = "PC-2041"

    let deployment: String
    private let home: URL
    private let gateway: URL
    private let server: Process
    private let address: String

    /// What a test needs to know of the repository; nothing where it was not told.
    struct Surroundings {
        let gateway: URL
        let root: URL

        init?() {
            let environment = ProcessInfo.processInfo.environment
            guard let gateway = environment["PEEL_GATEWAY_BIN"], let root = environment["PEEL_ROOT"],
                FileManager.default.isExecutableFile(atPath: gateway)
            else { return nil }
            self.gateway = URL(fileURLWithPath: gateway)
            self.root = URL(fileURLWithPath: root)
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(_ surroundings: Surroundings) throws {
        gateway = surroundings.gateway
        home = FileManager.default.temporaryDirectory.appendingPathComponent("peel-story-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let at = { [home] (name: String) in home.appendingPathComponent(name).path }
        let gateway = gateway
        let run = { (arguments: [String]) in try Self.run(gateway, arguments) }
        let initial = ["init", "--data", at("serve"), "--force", "exercise.example", "--exercise"]
        _ = try run(initial + ["--desk", at("desk"), "--auditor-key-out", at("auditor"), "--vendor", at("vendor")])
        let policy = try run(["policy", "strictest", "--force", "exercise.example"])
        try Data(policy.utf8).write(to: home.appendingPathComponent("policy.toml"))
        _ = try run(["policy", "sign", "--data", at("serve"), at("policy.toml")])
        try Data(Self.card().utf8).write(to: home.appendingPathComponent("deployment.toml"))
        let created = try run(["deployment", "create", "--data", at("serve"), at("deployment.toml")])
        deployment = try Self.field("deployment_id", of: created)
        let roster = ["--roster", "\(deployment):engagement_officer"]
        _ = try run(["officer", "add", "--data", at("serve"), "--id", Self.officer, "--pin", Self.pin] + roster)
        (server, address) = try Self.serve(gateway, data: at("serve"))
    }

    /// Ends the gateway and removes everything.
    func end() {
        // Foundation's threads block the gentler signals, and a child inherits that; the gateway dies safely on this.
        kill(server.processIdentifier, SIGKILL)
        server.waitUntilExit()
        try? FileManager.default.removeItem(at: home)
    }

    /// A folder for one phone.
    func folder(_ name: String) throws -> String {
        let folder = home.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    /// A one-time enrolment code.
    func enrolmentCode() throws -> String {
        let data = home.appendingPathComponent("serve").path
        let said = try Self.run(gateway, ["enrol", "--data", data, "--url", "https://\(address)"])
        return try Self.field("code", of: said)
    }

    /// The operator starts, pauses or ends the deployment.
    func set(state: String) throws {
        let body: [String: Any] = ["state": state, "faces_seen_estimate": NSNull()]
        _ = try post("/v1/ingest/deployments/\(deployment)/state", key: "operator", body)
    }

    /// The LFR system raises an alert with two photographs.
    func raiseAlert(probe: Data, reference: Data) throws -> String {
        let now = Int(Date().timeIntervalSince1970 * 1000)
        let body: [String: Any] = [
            "deployment_id": deployment, "camera_id": "van-north", "captured_at_ms": now - 1_000,
            "direction": "towards the station",
            "probes": [["image": probe.base64EncodedString()]],
            "reference": ["image": reference.base64EncodedString(), "source": "custody", "age_years": 3],
            "watchlist_entry_ref": "exercise-\(now)", "score_thousandths": 712, "threshold_thousandths": 640,
            "grade": "amber", "categories": ["wanted_by_court"], "reason_text": "Exercise: failed to appear",
            "warning_markers": ["violent"], "entry_last_verified_at_ms": now - 3_600_000,
            "operator_judgement": "same_person_likely",
        ]
        return try Self.field("alert_id", of: try post("/v1/ingest/alerts", key: "ingest", body))
    }

    private func post(_ path: String, key: String, _ body: [String: Any]) throws -> String {
        let vendor = home.appendingPathComponent("vendor")
        let bearer = try String(contentsOf: vendor.appendingPathComponent("\(key).key"), encoding: .utf8)
        let json = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        var answer = [CChar](repeating: 0, count: 65_536)
        let status = peel_test_post(
            "https://\(address)\(path)", vendor.appendingPathComponent("ca.pem").path,
            bearer.trimmingCharacters(in: .whitespacesAndNewlines), json, &answer, answer.count)
        let text = String(decoding: answer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard (200..<300).contains(status) else {
            throw Failure(description: "\(path) answered \(status): \(text)")
        }
        return text
    }

    /// Starts the gateway; it says where it listens in its first line.
    private static func serve(_ gateway: URL, data: String) throws -> (Process, String) {
        let process = Process()
        process.executableURL = gateway
        process.arguments = ["serve", "--data", data, "--listen", "127.0.0.1:0"]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var said = Data()
        while !said.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw Failure(description: "the gateway ended before it listened") }
            said.append(more)
        }
        return (process, try field("listening", of: String(decoding: said, as: UTF8.self)))
    }

    /// Runs a command of the gateway to its end and gives what it printed.
    private static func run(_ program: URL, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = String(decoding: complaint, as: UTF8.self)
            throw Failure(description: "\(arguments.prefix(2)) failed: \(text)")
        }
        return String(decoding: said, as: UTF8.self)
    }

    private static func field(_ name: String, of text: String) throws -> String {
        for line in text.split(separator: "\n").reversed() {
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            if let value = object?[name] as? String { return value }
        }
        throw Failure(description: "no \(name) in \(text)")
    }

    private static func card() -> String {
        let now = Int(Date().timeIntervalSince1970 * 1000)
        return """
            exercise = true
            use_case = "crime_hotspot"
            location_text = "Exercise: High Street"
            authority_ref = "EX-AUTH-1"
            planned_start_ms = \(now - 600_000)
            planned_end_ms = \(now + 3_600_000)
            algorithm = "posted by a test"
            threshold_thousandths = 640
            watchlist_size = 2
            policy_version = 1

            [[cameras]]
            camera_id = "van-north"
            name = "Van, north camera"
            kind = "van"
            view_bearing_deg = 20
            latitude_udeg = 51501200
            longitude_udeg = -141900
            """
    }
}
