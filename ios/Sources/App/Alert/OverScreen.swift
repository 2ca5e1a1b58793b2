import Shell
import SwiftUI

/// How the alert ended. The faces are gone; the warnings stay for whoever now walks up.
struct OverScreen: View {
    let alert: OpenAlert
    let ending: Ending
    let markers: [WarningMarker]
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    var body: some View {
        VStack(spacing: 0) {
            if ending == .decided(.engage) { Warnings(markers: markers, words: words) }
            Spacer()
            Text(verbatim: said).font(Type.clock).multilineTextAlignment(.center).padding(Size.edge)
            Spacer()
            BigButton(text: words.text("dismiss")) { send(.dismissPressed) }.padding(Size.edge)
        }
        .foregroundStyle(Ink.ink)
        .background(Ink.paper)
    }

    private var said: String {
        switch ending {
        case .decided(let kind): words.text("recorded", words.name("decision", kind))
        case .expired: words.text("expired")
        case .withdrawn: words.text("withdrawn")
        case .closed: words.text("closed")
        }
    }
}
