using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Shared.Hosting;

/// <summary>Writes tables as CSV files (RFC 4180) that are safe to open in a spreadsheet.</summary>
public static class Csv
{
    /// <summary>The media type of the files.</summary>
    public const string MediaType = "text/csv; charset=utf-8";

    private static readonly CsvConfiguration format = new(CultureInfo.InvariantCulture)
    {
        NewLine = "\r\n",
        // A spreadsheet would evaluate a text that begins like a formula.
        InjectionOptions = InjectionOptions.Escape,
        InjectionCharacters = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'],
    };

    /// <summary>Writes the names of the columns and then the rows, in UTF-8.</summary>
    public static async Task Write(
        Stream file,
        IReadOnlyList<string> columns,
        IAsyncEnumerable<IReadOnlyList<string?>> rows,
        CancellationToken cancellation)
    {
        await using var row = rows.GetAsyncEnumerator(cancellation);
        // Nothing is written before the first row is read: if that fails, the response can still be an error.
        var hasRow = await row.MoveNextAsync();
        // Without the byte order mark, Excel assumes another encoding.
        await using var text = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        await using var csv = new CsvWriter(text, format);
        Write(csv, columns);
        for (; hasRow; hasRow = await row.MoveNextAsync())
        {
            await csv.NextRecordAsync();
            Write(csv, row.Current);
        }
        await csv.NextRecordAsync();
    }

    /// <summary>A UTC time in ISO 8601, with milliseconds.</summary>
    public static string Time(DateTime time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void Write(CsvWriter csv, IReadOnlyList<string?> row)
    {
        foreach (var field in row)
            csv.WriteField(field);
    }
}
