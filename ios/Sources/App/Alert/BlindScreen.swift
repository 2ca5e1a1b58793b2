import Shell
import SwiftUI

/// Two faces, where to look, and three equal answers, or reasons why there is none now. Nothing here says what anybody
/// or anything else thinks.
struct BlindScreen: View {
    let state: BlindState
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    var body: some View {
        VStack(spacing: 0) {
            Header(alert: state.alert, words: words)
            if state.alert.urgent {
                Strip(Ink.red) {
                    Text(verbatim: words.text("urgent")).font(Type.title).foregroundStyle(Ink.paper)
                }
            }
            FacePair(viewing: state.viewing, words: words, send: send).frame(maxHeight: .infinity)
            WhereToLook(words: words)
            ProblemStrip(problem: state.problem, words: words)
            VStack(alignment: .leading, spacing: Size.gap) {
                if state.givingSkipReason { skipReasons } else { answers }
            }
            .padding(Size.edge)
        }
        .background(Ink.paper)
    }

    @ViewBuilder private var answers: some View {
        Text(verbatim: words.text("blind_question")).font(Type.title).foregroundStyle(Ink.ink)
        ForEach(Judgement.allCases, id: \.self) { judgement in
            BigButton(
                text: words.name("judgement", judgement), sign: judgement.sign,
                enabled: state.viewing.complete && !state.waiting
            ) { send(.judgePressed(judgement)) }
        }
        if state.maySkip {
            BigButton(
                text: words.text(state.waiting ? "recording" : "cannot_judge_now"), look: .aside,
                enabled: !state.waiting
            ) { send(.cannotJudgeNowPressed) }
        }
    }

    /// In the place of the answers. A thumb that presses twice hits "Back", which lies where "Cannot judge now" did,
    /// and no reason.
    @ViewBuilder private var skipReasons: some View {
        Text(verbatim: words.text(state.waiting ? "recording" : "skip_title")).font(Type.title)
            .foregroundStyle(Ink.ink)
        ForEach(SkipReason.allCases, id: \.self) { reason in
            BigButton(text: words.name("skip", reason), enabled: !state.waiting) { send(.skipReasonPressed(reason)) }
        }
        BigButton(text: words.text("back"), look: .aside, enabled: !state.waiting) { send(.backPressed) }
    }
}

/// Where two faces are best compared.
private struct WhereToLook: View {
    let words: Words

    var body: some View {
        HStack(spacing: Size.gap) {
            Text(verbatim: words.text("where_to_look")).font(Type.label).foregroundStyle(Ink.quiet)
            ForEach(["look_ears", "look_hairline", "look_nose", "look_marks"], id: \.self) { place in
                Text(verbatim: words.text(place)).font(Type.label).foregroundStyle(Ink.ink)
                    .padding(6)
                    .border(Ink.quiet)
            }
        }
        .padding(.horizontal, Size.edge)
        .padding(.vertical, 6)
        .frame(maxWidth: .infinity)
        .background(Ink.wash)
    }
}

extension Judgement {
    /// The sign on its button; the words beside it say the same.
    var sign: String {
        switch self {
        case .samePersonLikely: "="
        case .cannotTell: "?"
        case .differentPeopleLikely: "\u{2260}"
        }
    }
}
