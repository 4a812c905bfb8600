# 長短期記憶網路:四個閘合成一個矩陣
import numpy as np


def 乙狀(甲):
    return 1 / (1 + np.exp(-甲))


class 記憶網路:
    def __init__(self, 輸入數, 隱藏數):
        亂數 = np.random.default_rng(12)
        self.權重 = 亂數.normal(0, 0.5, (輸入數 + 隱藏數, 4 * 隱藏數))
        self.偏置 = 亂數.normal(0, 0.3, 4 * 隱藏數)
        self.隱藏數 = 隱藏數

    def 前向(self, 輸入, 目標):
        時間, 批量, _ = 輸入.shape
        隱 = np.zeros((批量, self.隱藏數))
        胞 = np.zeros((批量, self.隱藏數))
        self.紀錄 = []
        for 時 in range(時間):
            合併 = np.hstack([輸入[時], 隱])
            忘, 入, 候選, 出 = np.split(合併 @ self.權重 + self.偏置, 4, axis=1)
            忘, 入, 候選, 出 = 乙狀(忘), 乙狀(入), np.tanh(候選), 乙狀(出)
            舊胞, 胞 = 胞, 忘 * 胞 + 入 * 候選
            隱 = 出 * np.tanh(胞)
            self.紀錄.append((合併, 忘, 入, 候選, 出, 舊胞, 胞))
        self.誤差 = 隱 - 目標
        return 0.5 * np.sum(self.誤差**2)

    def 反向(self):
        self.權重梯度 = np.zeros_like(self.權重)
        self.偏置梯度 = np.zeros_like(self.偏置)
        隱梯度 = self.誤差
        胞梯度 = np.zeros_like(隱梯度)
        for 合併, 忘, 入, 候選, 出, 舊胞, 胞 in reversed(self.紀錄):
            胞梯度 = 胞梯度 + 隱梯度 * 出
            忘梯度 = 胞梯度 * 舊胞 * 忘 * (1 - 忘)
            入梯度 = 胞梯度 * 候選 * 入 * (1 - 入)
            候選梯度 = 胞梯度 * 入 * (1 - 候選**2)
            出梯度 = 隱梯度 * np.tanh(胞) * 出 * (1 - 出)
            總梯度 = np.hstack([忘梯度, 入梯度, 候選梯度, 出梯度])
            self.權重梯度 += 合併.T @ 總梯度
            self.偏置梯度 += 總梯度.sum(axis=0)
            隱梯度 = (總梯度 @ self.權重.T)[:, -self.隱藏數 :]
            胞梯度 = 胞梯度 * 忘


if __name__ == "__main__":
    亂數 = np.random.default_rng(0)
    輸入, 目標 = 亂數.normal(size=(4, 3, 2)), 亂數.normal(size=(3, 5))
    網路 = 記憶網路(2, 5)
    for 輪 in range(3):
        print(輪, 網路.前向(輸入, 目標))
        網路.反向()
        網路.權重 -= 0.1 * 網路.權重梯度
        網路.偏置 -= 0.1 * 網路.偏置梯度
