import Foundation
import Shell
import SwiftUI

#if canImport(UIKit)
    import UIKit
#endif

/// The two faces side by side, the probe first. A tap looks closer at both.
struct FacePair: View {
    let viewing: Viewing
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    var body: some View {
        HStack(spacing: Size.gap) {
            VStack(spacing: 4) {
                face(probe, waiting: "probe_coming", label: words.text("probe"))
                if viewing.faces.probes.count > 1 {
                    BigButton(text: probeCaption, look: .aside) { send(.nextProbePressed) }
                } else {
                    caption(probeCaption)
                }
            }
            VStack(spacing: 4) {
                face(viewing.faces.reference, waiting: "reference_coming", label: words.text("reference"))
                caption(words.text("reference"))
            }
        }
        .padding(.horizontal, Size.edge)
        // Hidden in the app switcher and wherever the system hides what is private (S31).
        .privacySensitive()
        .accessibilityLabel(words.text(viewing.close ? "zoom_out" : "zoom_in"))
        .onTapGesture { send(.zoomPressed) }
    }

    private var probe: FaceImage? {
        let probes = viewing.faces.probes
        return probes.indices.contains(viewing.probeShown) ? probes[viewing.probeShown] : probes.first
    }

    private var probeCaption: String {
        let count = viewing.faces.probes.count
        guard count > 1 else { return words.text("probe") }
        return words.text("probe_of", words.number(viewing.probeShown + 1), words.number(count))
    }

    private func caption(_ text: String) -> some View {
        Text(verbatim: text).font(Type.label).foregroundStyle(Ink.quiet)
    }

    private func face(_ image: FaceImage?, waiting: String, label: String) -> some View {
        ZStack {
            Ink.wash
            if let picture = image.flatMap(picture) {
                picture.resizable().scaledToFill().scaleEffect(viewing.close ? 2 : 1).accessibilityLabel(label)
            } else {
                Text(verbatim: words.text(waiting)).font(Type.body).foregroundStyle(Ink.quiet)
            }
        }
        .frame(maxWidth: .infinity, maxHeight: .infinity)
        .clipShape(Rectangle())
    }
}

/// Decodes a face for the screen; nothing where it cannot be decoded.
private func picture(_ image: FaceImage) -> Image? {
    #if canImport(UIKit)
        return UIImage(data: image.encoded).map { Image(uiImage: $0) }
    #else
        return nil
    #endif
}
