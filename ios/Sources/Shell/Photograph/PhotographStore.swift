import Foundation
import Observation

/// The camera's screen, whole. It never holds a picture.
public enum PhotographState: Equatable, Sendable {
    /// The officer aims; nothing is said before the first frame was looked at.
    case aiming(Preview?, Problem?)
    /// The core holds a photograph; the officer may have it compared, or take another.
    case taken
    case comparing
    case compared(FaceCheck)
    /// The officer went away, or the person declined. Nothing brings it back.
    case left
}

/// One visit to the camera, for one alert's stop. The camera's queue asks `PhotographCore` of its frames, and brings here
/// what came of them.
@MainActor @Observable public final class PhotographStore {
    public private(set) var state = PhotographState.aiming(nil, nil)
    private let core: any PhotographCore
    private let id: AlertId
    private let reason: String?

    /// `reason` is what the officer stated where the documents already suffice.
    public init(core: any PhotographCore, id: AlertId, reason: String?) {
        self.core = core
        self.id = id
        self.reason = reason
    }

    /// What the core said of a frame, while the officer aims; nothing where it dropped the frame.
    public func looked(_ preview: Preview?) {
        if case .aiming = state, let preview { state = .aiming(preview, nil) }
    }

    /// The core refused to look.
    public func failed(_ problem: Problem) {
        if case .aiming = state { state = .aiming(nil, problem) }
    }

    /// The shutter. The core takes the bytes over.
    public func take(_ photograph: Data) {
        guard state != .left else { return }
        do throws(Problem) {
            try core.hold(id, photograph, reason: reason)
            state = .taken
        } catch {
            state = .aiming(nil, error)
        }
    }

    /// Lets go of what was taken and aims again.
    public func again() {
        guard state != .left else { return }
        try? core.drop()
        state = .aiming(nil, nil)
    }

    public func compare() async {
        guard state == .taken else { return }
        state = .comparing
        do throws(Problem) {
            let check = try await core.compareHeld(id, reason: reason)
            if state == .comparing { state = .compared(check) }
        } catch {
            if state == .comparing { state = .aiming(nil, error) }
        }
    }

    /// Whatever takes the officer off the screen, declining included (S19, S20).
    public func leave() {
        state = .left
        try? core.drop()
    }
}
