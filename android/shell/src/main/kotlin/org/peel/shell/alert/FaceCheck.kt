package org.peel.shell.alert

/** The secondary face check of one alert: nothing until the officer asks for it. */
sealed interface FaceCheck {
    data object NotAsked : FaceCheck

    data object Running : FaceCheck

    /** An opinion in one of three bands, with how often such opinions were wrong in tests. */
    data class Opinion(val band: Band, val rates: List<TestedRate>, val limits: List<Limit>) : FaceCheck

    /** No opinion, and why. */
    data class NotPossible(val side: FaceSide?, val reason: QualityReason) : FaceCheck
}

/** The three bands. */
enum class Band { DOES_NOT_SUPPORT, INCONCLUSIVE, SUPPORTS }

/** So many of so many, when the check was tested. */
data class TestedRate(val what: RateCode, val cases: Long, val of: Long)

/** What a tested rate counts. */
enum class RateCode { FALSE_ALERTS_GIVEN_SUPPORTS, TRUE_ALERTS_OF_SMALL_POOR_PROBES_SCORING_LOW, OTHER }

/** Why the check gives no opinion, in terms that an officer can act on. */
enum class QualityReason {
    NO_FACE,
    SEVERAL_FACES,
    TOO_SMALL,
    TOO_DARK,
    TOO_BRIGHT,
    TURNED_AWAY,
    BLURRED,
    NOT_CLEAR,
    OTHER
}

/** What the check can never do, or cannot do yet; said with every opinion. */
enum class Limit { CANNOT_SEPARATE_TWINS_OR_CLOSE_RELATIVES, SAME_IMAGES_AS_THE_ALERT, CALIBRATION_NOT_FITTED, OTHER }

/** One of the two faces. */
enum class FaceSide { PROBE, REFERENCE }
