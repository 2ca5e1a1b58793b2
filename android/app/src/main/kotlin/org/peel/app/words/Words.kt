package org.peel.app.words

import androidx.compose.runtime.staticCompositionLocalOf

/** One piece of wording, by its name in `res/values/strings.xml`. No wording stands in code. */
interface Phrase {
    val key: String
}

/** The wording of the screens. On the phone it comes from Android's resources, on a JVM from the same file. */
interface Words {
    fun text(phrase: Phrase, vararg arguments: Any): String

    /** The form of [phrase] for [quantity], which is also its first argument. */
    fun count(phrase: Phrase, quantity: Long): String
}

/** What one of the core's codes is called: `grade_red` for `Grade.RED`. */
data class CodeName(val prefix: String, val code: Enum<*>) : Phrase {
    override val key: String get() = "${prefix}_${code.name.lowercase()}"
}

/** The words that the screens around read. */
val LocalWords = staticCompositionLocalOf<Words> { error("no words were provided") }
