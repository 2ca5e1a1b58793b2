import Shell
import SwiftUI

/// The alert screen: state in, actions out. It holds no rule and no state of its own.
public struct AlertScreen: View {
    let state: AlertState
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    public init(state: AlertState, words: Words, send: @escaping @MainActor (AlertAction) -> Void) {
        self.state = state
        self.words = words
        self.send = send
    }

    public var body: some View {
        switch state {
        case .quiet: Ink.paper
        case .blind(let blind): BlindScreen(state: blind, words: words, send: send)
        case .revealed(let revealed): RevealedScreen(state: revealed, words: words, send: send)
        case .over(let alert, let ending, let markers):
            OverScreen(alert: alert, ending: ending, markers: markers, words: words, send: send)
        }
    }
}

/// The screen with its store: follows the alerts, and measures how long the faces are looked at.
public struct AlertHost: View {
    let store: AlertStore
    let words: Words

    public init(store: AlertStore, words: Words = .ofThisPhone) {
        self.store = store
        self.words = words
    }

    public var body: some View {
        AlertScreen(state: store.state, words: words, send: store.send)
            .task { @MainActor in try? await store.follow() }
            .task { @MainActor in
                let millis = 500
                while !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(millis))
                    store.looked(millis: millis)
                }
            }
    }
}
