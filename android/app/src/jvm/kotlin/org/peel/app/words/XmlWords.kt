package org.peel.app.words

import java.io.File
import java.util.Locale
import javax.xml.parsers.DocumentBuilderFactory
import org.w3c.dom.Element

/** The wording of an Android string resource file, read on a JVM. */
class XmlWords(file: File, private val locale: Locale = Locale.UK) : Words {
    private val strings: Map<String, String>
    private val plurals: Map<String, Map<String, String>>

    init {
        val root = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file).documentElement
        strings = root.elements("string").associate { it.getAttribute("name") to it.resourceText() }
        plurals = root.elements("plurals").associate { plural ->
            plural.getAttribute("name") to
                plural.elements("item").associate { it.getAttribute("quantity") to it.resourceText() }
        }
    }

    /** Every name in the file. */
    val keys: Set<String> get() = strings.keys + plurals.keys

    /** Every text in the file, by its name. */
    val texts: List<Pair<String, String>>
        get() = strings.toList() + plurals.flatMap { (name, forms) -> forms.values.map { name to it } }

    override fun text(phrase: Phrase, vararg arguments: Any): String =
        strings.getValue(phrase.key).let { if (arguments.isEmpty()) it else it.format(locale, *arguments) }

    override fun count(phrase: Phrase, quantity: Long): String {
        val forms = plurals.getValue(phrase.key)
        return forms.getValue(if (quantity == 1L) "one" else "other").format(locale, quantity)
    }

    private fun Element.elements(name: String): List<Element> {
        val found = getElementsByTagName(name)
        return (0 until found.length).map { found.item(it) as Element }
    }

    private fun Element.resourceText(): String =
        textContent.trim().replace("\\'", "'").replace("\\n", "\n").replace("\\\"", "\"")
}
