import Foundation
internal import PeelCore

/// Close photographs by the real core.
struct LivePhotographCore: PhotographCore {
    private let core: OfficerCore

    init(_ core: OfficerCore) {
        self.core = core
    }

    func preview(_ id: AlertId, _ frame: CameraFrame, reason: String?) throws(Problem) -> Preview? {
        guard let layout = FrameLayout(frame) else { throw Problem(kind: .invalid, reason: "frame.layout") }
        let seen = try calling {
            try core.previewPhotograph(alertId: id.text, layout: layout, frame: frame.bytes, reason: reason)
        }
        return seen.map(Preview.init)
    }

    func hold(_ id: AlertId, _ photograph: Data, reason: String?) throws(Problem) {
        try calling { try core.holdPhotograph(alertId: id.text, photograph: photograph, reason: reason) }
    }

    func compareHeld(_ id: AlertId, reason: String?) async throws(Problem) -> FaceCheck {
        FaceCheck(try await calling { try await core.compareHeldPhotograph(alertId: id.text, reason: reason) })
    }

    func drop() throws(Problem) {
        try calling { try core.dropPhotograph() }
    }
}

extension FrameLayout {
    /// Nothing for sides or turns that no camera has.
    init?(_ frame: CameraFrame) {
        let turns: [Int: QuarterTurns] = [0: .none, 90: .one, 180: .two, 270: .three]
        guard let turned = turns[frame.rotationDegrees], let width = UInt32(exactly: frame.width),
            let height = UInt32(exactly: frame.height), let rowBytes = UInt32(exactly: frame.bytesPerRow)
        else { return nil }
        self.init(width: width, height: height, rowBytes: rowBytes, order: .bgra, turns: turned)
    }
}

extension Preview {
    init(_ view: PreviewView) {
        self.init(
            advice: view.advice.map { QualityReason(code: $0) ?? .other },
            face: view.face.map {
                FacePlace(left: $0.left, top: $0.top, width: $0.width, height: $0.height)
            })
    }
}
