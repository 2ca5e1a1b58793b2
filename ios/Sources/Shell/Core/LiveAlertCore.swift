internal import PeelCore

/// The alert screen's view of the real core.
struct LiveAlertCore: AlertCore {
    private let core: OfficerCore

    init(_ core: OfficerCore) {
        self.core = core
    }

    func openAlerts() throws(Problem) -> AsyncStream<[AlertId]> {
        try stream { try core.subscribeAlerts(listener: AlertRelay($0)) }
    }

    func view(_ id: AlertId) throws(Problem) -> AlertView {
        AlertView(try calling { try core.alert(alertId: id.text) })
    }

    func displayed(_ id: AlertId) async throws(Problem) -> AlertView {
        AlertView(try await calling { try await core.displayed(alertId: id.text) })
    }

    func probe(_ id: AlertId, index: Int) async throws(Problem) -> FaceImage {
        FaceImage(
            try await calling {
                try await core.faceImage(alertId: id.text, side: .probe(index: UInt8(clamping: index)))
            })
    }

    func reference(_ id: AlertId) async throws(Problem) -> FaceImage {
        FaceImage(try await calling { try await core.faceImage(alertId: id.text, side: .reference) })
    }

    func viewed(_ id: AlertId, side: FaceSide, millis: Int, zoomed: Bool) async throws(Problem) {
        let side: PeelCore.FaceSide = side == .probe ? .probe(index: 0) : .reference
        try await calling {
            try await core.faceViewed(
                alertId: id.text, side: side, visibleMs: UInt32(clamping: millis), zoomed: zoomed)
        }
    }

    func judge(_ id: AlertId, _ value: Judgement, look: Look) async throws(Problem) -> AlertView {
        let request = JudgementRequest(value: value.forCore, look: look.forCore)
        let view = try await calling { try await core.judge(alertId: id.text, judgement: request) }
        return AlertView(view)
    }

    func skip(_ id: AlertId, reason: SkipReason) async throws(Problem) -> AlertView {
        let view = try await calling { try await core.skipJudgement(alertId: id.text, reason: reason.forCore) }
        return AlertView(view)
    }

    func judgeAgain(_ id: AlertId, _ value: Judgement, look: Look) async throws(Problem) -> AlertView {
        let request = JudgementRequest(value: value.forCore, look: look.forCore)
        let view = try await calling { try await core.judgeAgain(alertId: id.text, judgement: request) }
        return AlertView(view)
    }

    func check(_ id: AlertId) async throws(Problem) -> FaceCheck {
        FaceCheck(try await calling { try await core.compare(alertId: id.text) })
    }

    func decide(_ id: AlertId, _ decision: Decision, note: String?) async throws(Problem) -> AlertView {
        let request = DecisionRequest(decision: decision.forCore, note: note)
        let view = try await calling { try await core.decide(alertId: id.text, decision: request) }
        return AlertView(view)
    }
}
