import Foundation

/// A camera's frame where it lies, as `AVCaptureVideoDataOutput` hands it over in `kCVPixelFormatType_32BGRA`: the locked
/// base address's bytes and bytes per row, and by how many degrees the image has to be turned clockwise.
public struct CameraFrame: Sendable, CustomStringConvertible {
    public let bytes: Data
    public let width: Int
    public let height: Int
    public let bytesPerRow: Int
    public let rotationDegrees: Int

    public init(bytes: Data, width: Int, height: Int, bytesPerRow: Int, rotationDegrees: Int) {
        self.bytes = bytes
        self.width = width
        self.height = height
        self.bytesPerRow = bytesPerRow
        self.rotationDegrees = rotationDegrees
    }

    public var description: String { "CameraFrame([redacted])" }
}

/// What to tell the officer who aims the camera.
public struct Preview: Equatable, Sendable {
    /// What stands in the way of a good photograph; nothing when it can be taken.
    public let advice: QualityReason?
    /// For an outline on the screen.
    public let face: FacePlace?

    public init(advice: QualityReason?, face: FacePlace?) {
        self.advice = advice
        self.face = face
    }
}

/// A face's place in the upright frame, as parts of its sides; it may reach beyond the frame.
public struct FacePlace: Equatable, Sendable {
    public let left: Float
    public let top: Float
    public let width: Float
    public let height: Float

    public init(left: Float, top: Float, width: Float, height: Float) {
        self.left = left
        self.top = top
        self.width = width
        self.height = height
    }
}

/// What taking a close photograph needs of the core.
public protocol PhotographCore: Sendable {
    /// Looks at one frame, on the camera's queue; nothing when another frame is in work and this one was dropped.
    func preview(_ id: AlertId, _ frame: CameraFrame, reason: String?) throws(Problem) -> Preview?

    /// Gives the core a photograph, JPEG or PNG, to hold in memory for less than a minute.
    func hold(_ id: AlertId, _ photograph: Data, reason: String?) throws(Problem)

    /// Compares what is held, which is gone afterwards.
    func compareHeld(_ id: AlertId, reason: String?) async throws(Problem) -> FaceCheck

    /// What is held goes at once.
    func drop() throws(Problem)
}
