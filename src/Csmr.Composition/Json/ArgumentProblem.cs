namespace Csmr.Composition.Json;

/// <summary>Why arguments cannot be taken.</summary>
/// <param name="Code">The stable code, one of <see cref="ArgumentCodes"/>.</param>
/// <param name="Argument">The name of the argument at fault; null where the whole text is.</param>
/// <param name="Message">What is wrong and what is expected, for a person.</param>
public sealed record ArgumentProblem(string Code, string? Argument, string Message);

/// <summary>The stable codes of <see cref="ArgumentProblem"/>.</summary>
public static class ArgumentCodes
{
    /// <summary>The text is not UTF-8 or not JSON.</summary>
    public const string NotJson = "argument.not-json";

    /// <summary>The text is JSON but not an object.</summary>
    public const string NotAnObject = "argument.not-an-object";

    /// <summary>The operation has no such argument.</summary>
    public const string Unknown = "argument.unknown";

    /// <summary>A required argument is not there.</summary>
    public const string Missing = "argument.missing";

    /// <summary>An argument is given twice, or an object inside it has two members of one name.</summary>
    public const string Duplicate = "argument.duplicate";

    /// <summary>An argument is of another type.</summary>
    public const string WrongType = "argument.wrong-type";

    /// <summary>An integer is too small or too large.</summary>
    public const string OutOfBounds = "argument.out-of-bounds";

    /// <summary>A text or JSON value has too few bytes.</summary>
    public const string TooShort = "argument.too-short";

    /// <summary>A text or JSON value has too many bytes.</summary>
    public const string TooLong = "argument.too-long";

    /// <summary>A JSON value is nested too deeply.</summary>
    public const string TooDeep = "argument.too-deep";

    /// <summary>A text has a surrogate without its partner.</summary>
    public const string InvalidText = "argument.invalid-text";
}
