using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace Shared.Hosting.Data;

/// <summary>Creates transactions that leave the <see cref="WriterGate"/> when they end, however they end.</summary>
internal sealed class GatedTransactions(RelationalTransactionFactoryDependencies dependencies)
    : RelationalTransactionFactory(dependencies)
{
    public override RelationalTransaction Create(
        IRelationalConnection connection,
        DbTransaction transaction,
        Guid transactionId,
        IDiagnosticsLogger<DbLoggerCategory.Database.Transaction> logger,
        bool transactionOwned) => new Transaction(
            connection, transaction, transactionId, logger, transactionOwned, Dependencies.SqlGenerationHelper,
            connection.Context.GetService<WriterGate>());

    private sealed class Transaction(
        IRelationalConnection connection,
        DbTransaction transaction,
        Guid id,
        IDiagnosticsLogger<DbLoggerCategory.Database.Transaction> logger,
        bool owned,
        ISqlGenerationHelper sql,
        WriterGate gate) : RelationalTransaction(connection, transaction, id, logger, owned, sql)
    {
        private int left;

        public override void Dispose()
        {
            try
            {
                base.Dispose();
            }
            finally
            {
                Leave();
            }
        }

        public override async ValueTask DisposeAsync()
        {
            try
            {
                await base.DisposeAsync();
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>Called after commit or rollback, possibly long before the transaction is disposed.</summary>
        protected override void ClearTransaction()
        {
            Leave();
            base.ClearTransaction();
        }

        protected override Task ClearTransactionAsync(CancellationToken cancellationToken = default)
        {
            Leave();
            return base.ClearTransactionAsync(cancellationToken);
        }

        private void Leave()
        {
            if (Interlocked.Exchange(ref left, 1) == 0)
                gate.Leave();
        }
    }
}
